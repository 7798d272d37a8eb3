internal import Foundation
public import NumericalCore
public import SpectralTheory

/// A machine of ±1 units with weights drawn from a ``WeightEnsemble``.
///
///     W_ij = Σₐ wₐ Uᵢᵃ Vⱼᵃ / √(N_v N_h) + r_ij
///
/// The drawn components of each mode are scaled to mean square 1, so that the modes have the strengths
/// asked for; without this the strengths stray by √((k − 1)/N_v)/2, k the kurtosis.
public struct EnsembleMachine: Sendable {
  /// The machine.
  public let machine: RestrictedBoltzmannMachine
  /// What it was drawn from, with κ = N_h/N_v.
  public let ensemble: WeightEnsemble
  /// Uᵢᵃ, one mode a row, shape [K, N_v].
  public let left: Matrix<Double>
  /// Vⱼᵃ, one mode a row, shape [K, N_h].
  public let right: Matrix<Double>

  /// A machine with the given numbers of units; the aspect ratio of the ensemble becomes theirs.
  public init(_ ensemble: WeightEnsemble, visible: Int, hidden: Int, seed: UInt64) {
    precondition(visible > 0 && hidden > 0, "\(visible) × \(hidden) units")
    var ensemble = ensemble
    let ratio = Double(hidden) / Double(visible)
    ensemble.aspectRatio = ratio
    var stream = RandomStream(seed: seed, purpose: .initialWeights)
    func components(_ count: Int) -> Matrix<Double> {
      var result = Matrix<Double>(rows: ensemble.modeCount, columns: count)
      for mode in 0..<ensemble.modeCount {
        let drawn = (0..<count).map { _ in ensemble.components.draw(using: &stream) }
        let size = (drawn.reduce(0) { $0 + $1 * $1 } / Double(count)).squareRoot()
        for unit in 0..<count { result[mode, unit] = drawn[unit] / max(size, 1e-300) }
      }
      return result
    }
    left = components(visible)
    right = components(hidden)
    var machine = RestrictedBoltzmannMachine(
      visible: Layer(kind: .spin, count: visible), hidden: Layer(kind: .spin, count: hidden))
    let size = (Double(visible) * Double(hidden)).squareRoot()
    let noise = ensemble.noise / size.squareRoot()
    for i in 0..<visible {
      for j in 0..<hidden {
        var weight = noise * stream.normal()
        for (mode, strength) in ensemble.strengths.enumerated() {
          weight += strength * left[mode, i] * right[mode, j] / size
        }
        machine.weights[i, j] = Float(weight)
      }
    }
    let scale = pow(ratio, 0.25)
    for mode in 0..<ensemble.modeCount {
      for i in 0..<visible {
        machine.visible.biases[i] += Float(
          scale * ensemble.visibleFields[mode] * left[mode, i])
      }
      for j in 0..<hidden {
        machine.hidden.biases[j] += Float(
          ensemble.hiddenFields[mode] * right[mode, j] / scale)
      }
    }
    self.machine = machine
    self.ensemble = ensemble
  }

  /// The order parameters of Gibbs chains that start in a mode, averaged over sweeps.
  ///
  /// q and q̄ are overlaps of pairs of different chains, without bias from a chain with itself:
  ///
  ///     q = Σᵢ ((Σ_c sᵢᶜ)² − C) / (N_v C (C − 1))
  ///
  /// Right only while no chain leaves the state of its mode, which in a ferromagnet takes a time
  /// exponential in the number of units.
  ///
  /// - Parameter mode: The mode whose signs all chains start from.
  public func measure(
    mode: Int = 0, chains: Int = 40, warmup: Int = 50, sweeps: Int = 200, seed: UInt64,
    workers: Workers
  ) -> OrderParameters {
    precondition(chains > 1 && sweeps > 0 && mode < ensemble.modeCount)
    let form = BernoulliForm(machine)
    var bits = BitMatrix(rows: chains, columns: left.columns)
    for chain in 0..<chains {
      for i in 0..<left.columns where left[mode, i] > 0 { bits[chain, i] = true }
    }
    var visible = StateMatrix.bits(bits)
    var hidden = StateMatrix(zerosFor: form.hidden, rows: chains)
    let sampler = GibbsSampler(form: form, chains: chains, workers: workers)
    sampler.lanes.seedAll(seed: seed, purpose: .samples)
    sampler.run(visible: &visible, hidden: &hidden, sweeps: warmup)
    let none = [Double](repeating: 0, count: ensemble.modeCount)
    var total = OrderParameters(
      visible: none, hidden: none, visibleOverlap: 0, hiddenOverlap: 0)
    for _ in 0..<sweeps {
      sampler.run(visible: &visible, hidden: &hidden, sweeps: 1)
      let v = EnsembleMachine.moments(visible, components: left)
      let h = EnsembleMachine.moments(hidden, components: right)
      for mode in 0..<ensemble.modeCount {
        total.visible[mode] += v.projections[mode]
        total.hidden[mode] += h.projections[mode]
      }
      total.visibleOverlap += v.overlap
      total.hiddenOverlap += h.overlap
    }
    // L^{−1/2} Σᵢ uᵢ sᵢ = κ^{−1/4} times the mean of Uᵢ sᵢ.
    let scale = pow(ensemble.aspectRatio, 0.25)
    let count = Double(sweeps)
    return OrderParameters(
      visible: total.visible.map { $0 / count / scale },
      hidden: total.hidden.map { $0 / count * scale },
      visibleOverlap: total.visibleOverlap / count, hiddenOverlap: total.hiddenOverlap / count)
  }

  /// The means of Uᵢ sᵢ over units and chains, and the overlap of different chains.
  private static func moments(
    _ states: StateMatrix, components: Matrix<Double>
  ) -> (projections: [Double], overlap: Double) {
    guard case .bits(let bits) = states else { preconditionFailure("spins are bits") }
    let chains = Double(bits.rows)
    let sums = bits.columnCounts().map { 2 * Double($0) - chains }
    let units = Double(sums.count)
    let projections = (0..<components.rows).map { mode in
      zip(components.row(mode), sums).reduce(0) { $0 + $1.0 * $1.1 } / (units * chains)
    }
    let overlap =
      sums.reduce(0) { $0 + $1 * $1 - chains } / (units * chains * (chains - 1))
    return (projections, overlap)
  }
}
