import Foundation
import NumericalCore
import StochasticThermodynamics
import TestSupport
import Testing

/// Exact properties of the estimators.
@Suite struct FreeEnergyTests {
  /// Two states with exact frequencies: 400 trajectories with the upper state in p, or q, of them.
  ///
  /// The equation of the acceptance ratio has expectation zero at ΔF = ln((1 − q)/(1 − p)), so here it is
  /// solved by it exactly.
  private func twoStates(_ p: Int, _ q: Int) -> (
    forward: [Double], reverse: [Double], exact: Double
  ) {
    let (from, to) = (Double(p) / 400, Double(q) / 400)
    let jump = logit(from) - logit(to)
    return (
      (0..<400).map { $0 < p ? jump : 0 }, (0..<400).map { $0 < q ? -jump : 0 },
      log1p(-to) - log1p(-from)
    )
  }

  @Test(arguments: [(100, 200), (40, 360), (200, 20)])
  func exactFrequenciesGiveTheExactValue(_ p: Int, _ q: Int) throws {
    let (forward, reverse, exact) = twoStates(p, q)
    let bar = BennettAcceptanceRatio.freeEnergyDifference(forward: forward, reverse: reverse)
    #expect(abs(bar.value - exact) < 1e-12)
    #expect(bar.isResolved && bar.estimate.interval.contains(exact))
    let exponential = ExponentialAverage.freeEnergyDifference(works: forward)
    #expect(abs(exponential.value - exact) < 1e-12)
    let back = ExponentialAverage.freeEnergyDifference(works: reverse)
    #expect(abs(back.value + exact) < 1e-12)
    // The same as two states of the multistate ratio, with unequal counts.
    let (e, f) = (-logit(Double(p) / 400), -logit(Double(q) / 400))
    let up = (0..<400).map { $0 < p } + (0..<800).map { $0 < 2 * q }
    let u = Matrix(
      rows: 2, columns: 1200, elements: up.map { $0 ? e : 0 } + up.map { $0 ? f : 0 })
    let mbar = try MultistateBennettAcceptanceRatio(reducedPotentials: u, counts: [400, 800])
    #expect(mbar.converged && abs(mbar.freeEnergies[1].value - exact) < 1e-9)
    #expect(mbar.freeEnergies[0].value == 0)
    let mean = zip(mbar.weights(of: 1), up).reduce(0) { $0 + ($1.1 ? $1.0 : 0) }
    #expect(abs(mean - Double(q) / 400) < 1e-9)
  }

  /// The overlap ∫ p q/(½p + ½q) of two states is known too.
  @Test func overlapIsTheIntegral() {
    let (forward, reverse, _) = twoStates(100, 300)
    let bar = BennettAcceptanceRatio.freeEnergyDifference(forward: forward, reverse: reverse)
    let exact = 2 * 0.25 * 0.75 / 0.5
    #expect(abs((bar.overlap ?? 0) - exact) < 1e-12)
  }

  private func gaussian(_ seed: UInt64, _ deviation: Double, _ n: Int, _ m: Int) -> WorkTable {
    var random = RandomStream(seed: seed, purpose: .test)
    let mean = deviation * deviation / 2
    return WorkTable(
      forward: (0..<n).map { _ in 3 + mean + deviation * random.normal() },
      reverse: (0..<m).map { _ in -3 + mean + deviation * random.normal() })
  }

  @Test func exchangingDirectionsChangesTheSign() {
    let works = gaussian(testSeed(31), 1.5, 60, 90)
    let one = BennettAcceptanceRatio.freeEnergyDifference(
      forward: works.forward, reverse: works.reverse)
    let other = BennettAcceptanceRatio.freeEnergyDifference(
      forward: works.reverse, reverse: works.forward)
    #expect(abs(one.value + other.value) < 1e-11)
    #expect(abs(one.estimate.interval.lowerBound + other.estimate.interval.upperBound) < 1e-5)
    #expect(isClose(one.overlap ?? 0, other.overlap ?? 1, relative: 1e-9))
  }

  @Test(arguments: [1e3, -1e5]) func shiftsComeOutAgain(_ shift: Double) {
    let works = gaussian(testSeed(32), 2, 50, 50)
    let base = BennettAcceptanceRatio.freeEnergyDifference(
      forward: works.forward, reverse: works.reverse)
    let moved = BennettAcceptanceRatio.freeEnergyDifference(
      forward: works.forward.map { $0 + shift }, reverse: works.reverse.map { $0 - shift })
    #expect(abs(moved.value - base.value - shift) < 1e-7)
    let length = base.estimate.interval.upperBound - base.estimate.interval.lowerBound
    let movedLength = moved.estimate.interval.upperBound - moved.estimate.interval.lowerBound
    #expect(isClose(length, movedLength, relative: 0.01))
  }

  /// A gap of thousands is answered by an interval that reaches over it, never by 0 ± 0.
  @Test(arguments: [50.0, 5000.0]) func withoutOverlapTheIntervalReachesOverTheGap(_ gap: Double) {
    let forward = (0..<100).map { gap + sin(Double($0)) }
    let reverse = (0..<100).map { gap + cos(Double($0)) }
    let bar = BennettAcceptanceRatio.freeEnergyDifference(forward: forward, reverse: reverse)
    #expect(!bar.isResolved)
    #expect((bar.overlap ?? 1) < 1e-6)
    #expect(bar.estimate.interval.lowerBound < -0.9 * gap)
    #expect(bar.estimate.interval.upperBound > 0.9 * gap)
    #expect(bar.estimate.interval.upperBound.isFinite)
  }

  /// Works that do not vary and agree: known but for events that neither direction drew.
  @Test func constantWorksOfBothDirections() {
    let works = [Double](repeating: 2, count: 50)
    let agreeing = BennettAcceptanceRatio.freeEnergyDifference(
      forward: works, reverse: works.map { -$0 })
    #expect(agreeing.isResolved && abs(agreeing.value - 2) < 1e-12)
    let interval = agreeing.estimate.interval
    #expect(interval.lowerBound < 2 - 3.6 / 50 && interval.upperBound > 2 + 3.6 / 50)
    let contradicting = BennettAcceptanceRatio.freeEnergyDifference(
      forward: works, reverse: works)
    #expect(!contradicting.isResolved)
  }

  @Test func correlatedTrajectoriesCountLess() {
    let works = gaussian(testSeed(33), 1, 400, 400)
    func length(_ effective: Double?) -> Double {
      let interval = BennettAcceptanceRatio.freeEnergyDifference(
        forward: works.forward, reverse: works.reverse, effectiveForward: effective,
        effectiveReverse: effective
      ).estimate.interval
      return interval.upperBound - interval.lowerBound
    }
    #expect(isClose(length(nil), length(400), relative: 1e-9))
    let ratio = length(100) / length(nil)
    #expect(ratio > 1.9 && ratio < 2.3)
  }

  @Test(arguments: [[], [1.0], [1, .nan], [.infinity, 1]])
  func unusableWorksAreUnresolved(_ works: [Double]) {
    let good = [0.0, 1, 2]
    #expect(
      !BennettAcceptanceRatio.freeEnergyDifference(forward: works, reverse: good).isResolved)
    #expect(
      !BennettAcceptanceRatio.freeEnergyDifference(forward: good, reverse: works).isResolved)
    #expect(!SecondCumulant.freeEnergyDifference(works: works).isResolved)
    #expect(!ExponentialAverage.freeEnergyDifference(works: works).isResolved)
  }

  @Test func cumulantsKnowGaussianWork() {
    let works = gaussian(testSeed(34), 1, 1000, 1000)
    let one = SecondCumulant.freeEnergyDifference(works: works.forward)
    let two = SecondCumulant.freeEnergyDifference(forward: works.forward, reverse: works.reverse)
    // 95 % intervals, α = 1e-9.
    for difference in [one, two] {
      let interval = difference.estimate.interval
      let error = (interval.upperBound - interval.lowerBound) / 2 / 1.96
      #expect(abs(difference.value - 3) < zBound() * error)
    }
    // Squares of Gaussians are not Gaussian.
    let squares = works.forward.map { ($0 - 3.5) * ($0 - 3.5) }
    #expect(!SecondCumulant.freeEnergyDifference(works: squares).isResolved)
    // A spread so large that a third cumulant could hide.
    let wide = gaussian(testSeed(35), 10, 100, 100)
    #expect(!SecondCumulant.freeEnergyDifference(works: wide.forward).isResolved)
  }

  /// Cubics are integrated exactly, for any spacing.
  @Test func integrationIsExactForCubics() {
    let x = [0, 0.1, 0.35, 0.6, 0.9, 1.4, 2]
    let noise = (0..<20).map { ($0 % 2 == 0 ? 1e-9 : -1e-9) }
    let derivatives = x.map { t in noise.map { 1 - 2 * t + 3 * t * t - 4 * t * t * t + $0 } }
    let exact = 2.0 - 4 + 8 - 16
    let difference = ThermodynamicIntegration.freeEnergyDifference(
      parameters: x, derivatives: derivatives)
    #expect(abs(difference.value - exact) < 1e-8)
    let back = ThermodynamicIntegration.freeEnergyDifference(
      parameters: x.reversed(), derivatives: derivatives.reversed())
    #expect(abs(back.value + exact) < 1e-8)
  }

  /// A stiffening trap: ⟨∂E/∂κ⟩ = 1/2κ, ΔF = ½ ln κ; coarse rules say so in their interval.
  @Test func integrationTellsItsQuadratureError() {
    func integrate(_ points: Int) -> FreeEnergyDifference {
      let kappas = (0..<points).map { 1 + 15 * Double($0) / Double(points - 1) }
      let derivatives = kappas.map { k in
        (0..<20).map { 0.5 / k + ($0 % 2 == 0 ? 1e-6 : -1e-6) }
      }
      return ThermodynamicIntegration.freeEnergyDifference(
        parameters: kappas, derivatives: derivatives)
    }
    let exact = 0.5 * log(16.0)
    for points in [5, 9, 17, 33] {
      let difference = integrate(points)
      #expect(difference.estimate.interval.contains(exact), "\(points) points")
    }
    #expect(abs(integrate(65).value - exact) < 1e-4)
    #expect(!integrate(3).isResolved && !integrate(2).isResolved)
  }

  @Test func statesWithoutOverlapAreUnresolved() throws {
    // Samples at −1 and 1 of two narrow wells, and a state between that nothing was drawn from.
    let x =
      (0..<50).map { -1 + 0.01 * sin(Double($0)) } + (0..<50).map { 1 + 0.01 * cos(Double($0)) }
    let u = Matrix(
      rows: 3, columns: 100,
      elements: [-1.0, 0, 1].flatMap { c in x.map { 5000 * ($0 - c) * ($0 - c) } })
    let mbar = try MultistateBennettAcceptanceRatio(reducedPotentials: u, counts: [50, 0, 50])
    #expect(mbar.overlap < 1e-6)
    #expect(!mbar.freeEnergies[2].isResolved && !mbar.freeEnergies[1].isResolved)
    #expect(mbar.freeEnergies[0].isResolved)
    let two = try MultistateBennettAcceptanceRatio(
      reducedPotentials: u.selectingRows([0, 2]), counts: [50, 50])
    #expect(!two.freeEnergies[1].isResolved && two.converged)
    #expect(two.freeEnergies[1].estimate.interval.upperBound > 0)
  }

  @Test func badPotentialsAreNamed() {
    func message(_ u: Matrix<Double>, _ counts: [Int]) -> String {
      do {
        _ = try MultistateBennettAcceptanceRatio(reducedPotentials: u, counts: counts)
        return ""
      } catch { return error.message }
    }
    var u = Matrix<Double>(rows: 2, columns: 4)
    #expect(message(u, [2, 3]).contains("add up to 5"))
    #expect(message(u, [4]).contains("counts of 1"))
    #expect(message(u, [-1, 5]).contains("not negative"))
    u[1, 2] = .nan
    #expect(message(u, [2, 2]).contains("sample 3 in state 2"))
    u[1, 2] = .infinity
    #expect(message(u, [2, 2]).contains("sample 3 in state 2"))
  }
}
