internal import Foundation
internal import NumericalCore

/// Gaussian work, in units of the temperature: what slow driving of any system looks like.
///
///     W_F ~ N(μ, s²),   ΔF = μ − s²/2,   W_R ~ N(s² − μ, s²)
///
/// Mean dissipation s²/2 in both directions. p_F(W)/p_R(−W) = e^{W − ΔF} holds exactly.
public struct GaussianWork: Sendable, Equatable, Codable {
  /// μ.
  public var mean: Double
  /// s.
  public var standardDeviation: Double

  /// Work of mean μ and standard deviation s.
  public init(mean: Double, standardDeviation: Double) {
    precondition(standardDeviation >= 0, "a standard deviation of \(standardDeviation)")
    self.mean = mean
    self.standardDeviation = standardDeviation
  }

  /// Work that dissipates s²/2 above a free energy difference.
  public init(freeEnergyDifference: Double, standardDeviation: Double) {
    self.init(
      mean: freeEnergyDifference + standardDeviation * standardDeviation / 2,
      standardDeviation: standardDeviation)
  }

  /// ΔF.
  public var freeEnergyDifference: Double { mean - dissipation }
  /// ⟨W⟩ − ΔF = s²/2.
  public var dissipation: Double { standardDeviation * standardDeviation / 2 }

  /// The overlap 2 ∫ p_F(W) p_R(−W)/(p_F + p_R) dW, from 0 to 1, by the trapezoidal rule (to rounding:
  /// the integrand is analytic and falls off like a Gaussian).
  public var overlap: Double {
    guard standardDeviation > 0 else { return 1 }
    let step = 0.02
    let sum = (-600...600).reduce(0.0) { sum, index in
      let z = step * Double(index)
      let dissipated = dissipation + standardDeviation * z
      return sum + exp(-z * z / 2 - softplus(dissipated))
    }
    return 2 * sum * step / (2 * Double.pi).squareRoot()
  }

  /// Independent forward works.
  public func sampleForward(count: Int, seed: UInt64) -> [Double] {
    sample(count, mean, RandomStream(seed: seed, purpose: .modelSystem, index: 0))
  }

  /// Independent reverse works, independent of the forward ones of the same seed.
  public func sampleReverse(count: Int, seed: UInt64) -> [Double] {
    sample(
      count, standardDeviation * standardDeviation - mean,
      RandomStream(seed: seed, purpose: .modelSystem, index: 1))
  }

  private func sample(_ count: Int, _ mean: Double, _ stream: RandomStream) -> [Double] {
    var random = stream
    return (0..<count).map { _ in mean + standardDeviation * random.normal() }
  }
}
