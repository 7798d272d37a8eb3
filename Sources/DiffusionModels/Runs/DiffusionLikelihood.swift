internal import Foundation
public import NumericalCore

/// The likelihood of data under a diffusion, in every unit that papers use.
///
/// As JSON: `method`, `logLikelihood` (nats a sample, of scaled data where they are continuous),
/// `bitsPerSample`, `bitsPerDimension` (of quantised data: of the integers), `nullLogLikelihood`,
/// `gain` (bits a sample above the null model), `samples`, `dimension`, `steps`, `lowerBound`,
/// `terms` (`step`, `mean`, `standardError`, `count`), and what the method adds.
public struct DiffusionLikelihood: Sendable, Encodable {
  /// `bound`, `jarzynski`, `ode` or `parzen`.
  public var method: String
  /// In nats a sample.
  public var logLikelihood: Estimate
  /// Whether it is a lower bound.
  public var lowerBound: Bool
  /// Data points.
  public var samples: Int
  /// Coordinates or sites.
  public var dimension: Int
  /// In bits a sample.
  public var bitsPerSample: Estimate
  /// Bits a dimension of the integers of quantised data; the smaller the better.
  public var bitsPerDimension: Estimate?
  /// How bits a dimension are meant.
  public var dequantisation: String?
  /// The null model's value: independent coordinates of the noise, in nats a sample.
  public var nullLogLikelihood: Double?
  /// Bits a sample above the null model.
  public var gain: Estimate?
  /// Steps of the chain.
  public var steps: Int?
  /// `forward` or `model`.
  public var lastStep: String?
  /// The divergences of the bound.
  public var terms: [BoundTerm]?
  /// jarzynski: the bound of one path a sample, E(−w).
  public var singlePathBound: Estimate?
  /// jarzynski: paths a sample.
  public var paths: Int?
  /// jarzynski: E w + ln p, the work dissipated, in nats.
  public var dissipatedWork: Double?
  /// jarzynski: the part of the paths that counts.
  public var effectiveFraction: Double?
  /// ode: the standard error of a sample's value that random probes leave.
  public var probeError: Double?
  /// ode: the density is that of data with noise of this deviation, in units of the scaled data.
  public var startNoise: Double?
  /// ode: most evaluations of the network for a sample.
  public var evaluations: Int?
  /// parzen: the width of the windows.
  public var parzenWidth: Double?
  /// The seed.
  public var seed: UInt64?

  /// A likelihood in nats a sample.
  public init(
    method: String, logLikelihood: Estimate, lowerBound: Bool, samples: Int, dimension: Int
  ) {
    self.method = method
    self.logLikelihood = logLikelihood
    self.lowerBound = lowerBound
    self.samples = samples
    self.dimension = dimension
    bitsPerSample = logLikelihood.scaled(by: 1 / log(2))
  }

  /// Adds the null model's value; data that it cannot give, as masks give none, are not compared.
  public mutating func compare(withNull value: Double, gain: Estimate? = nil) {
    guard value.isFinite else { return }
    nullLogLikelihood = value
    self.gain =
      gain?.scaled(by: 1 / log(2))
      ?? logLikelihood.scaled(by: 1 / log(2), plus: -value / log(2))
  }

  /// For a person.
  public var text: String {
    var lines = [
      "\(lowerBound ? "lower bound of the log-likelihood" : "log-likelihood") (\(method), "
        + "\(samples) samples of \(dimension)):",
      "  " + logLikelihood.text(unit: "nats a sample"),
      "  " + bitsPerSample.text(unit: "bits a sample", withReason: false),
    ]
    if let gain {
      lines.append("  " + gain.text(unit: "bits a sample above the null model", withReason: false))
    }
    if let bitsPerDimension {
      lines.append(
        "  "
          + bitsPerDimension.text(
            unit: "bits a dimension (\(dequantisation ?? ""))", withReason: false))
    }
    if let singlePathBound {
      lines.append("  bound of single paths: " + singlePathBound.text(unit: "nats"))
    }
    if let dissipatedWork {
      lines.append(
        "  work dissipated: \(Float(dissipatedWork)) nats; part of the paths that counts: "
          + "\(Float(effectiveFraction ?? 0))")
    }
    if let startNoise {
      lines.append(
        "  density of the data with noise of \(Float(startNoise)) standard deviations; "
          + "\(evaluations ?? 0) evaluations of the network")
    }
    if let probeError, probeError > 0 {
      lines.append("  standard error of a sample by the probes: \(Float(probeError)) nats")
    }
    if let parzenWidth { lines.append("  width of the windows: \(Float(parzenWidth))") }
    return lines.joined(separator: "\n")
  }
}
