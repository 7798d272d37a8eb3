internal import Foundation
internal import NumericalCore

/// The entropy production of single trajectories of a forward chain.
///
/// ```
/// s_tot = ln P_0(x_0)/P_T(x_T) + Σ_t ln q(x_t|x_{t−1})/q(x_{t−1}|x_t),   E e^{−s_tot} = 1,
/// E s_tot = KL(P_F ‖ P_B)
/// ```
///
/// The backward path P_B starts from the law at the end and takes the forward kernel: what a bath would
/// do, not what a sampler has learned. As the kernel has detailed balance with N(0, 1), the mean is
/// KL(P_0 ‖ π) − KL(P_T ‖ π) for steps of any size.
/// Source: Ikeda, Uda, Okanohara and Ito 2025, equations 47 to 50; Seifert 2005.
public enum TrajectoryEntropyProduction {
  /// s_tot of independent trajectories from samples of a law.
  public static func samples(
    of law: any DataLaw, schedule: NoiseSchedule, count: Int, seed: UInt64
  ) -> [Double] {
    let first = law.samples(count, seed: seed)
    var states = first
    var bath = [Double](repeating: 0, count: count)
    for step in 1...schedule.steps {
      let rate = schedule.rate(step)
      let noise = Matrix<Double>.normal(
        rows: count, columns: law.dimension, seed: seed, purpose: .entropyProductionSamples,
        step: UInt64(step))
      let next = states.mixed((1 - rate).squareRoot(), rate.squareRoot(), noise)
      for row in 0..<count {
        for column in 0..<law.dimension {
          let (x, y) = (states[row, column], next[row, column])
          let keep = (1 - rate).squareRoot()
          // ln N(y; √(1−β) x, β) − ln N(x; √(1−β) y, β).
          let (there, back) = (y - keep * x, x - keep * y)
          bath[row] += (back * back - there * there) / (2 * rate)
        }
      }
      states = next
    }
    let start = law.logDensity(of: first, at: NoiseLevel(signal: 1, noise: 0))
    let end = law.logDensity(of: states, at: schedule.level(schedule.steps))
    return (0..<count).map { start[$0] - end[$0] + bath[$0] }
  }
}
