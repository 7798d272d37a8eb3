internal import Foundation
public import NumericalCore

/// A bound on the log-likelihood with its parts; everything is in nats a sample unless its name says bits.
///
/// As JSON: `{"unit": "nats", "total", "gain", "bits", "bitsPerDimension", "nullValue", "dimension",
/// "secondMoment", "momentCorrection", "entropies": {"noise", "firstStep", "prior"}, "priorDivergence",
/// "decoder", "lastStep", "terms": [{"step", "mean", "standardError", "count"}]}`.
public struct EvidenceBoundValue: Sendable {
  /// The entropies of K, summed over coordinates.
  public struct Entropies: Sendable, Equatable, Codable {
    /// H_q(X_T|X_0).
    public let noise: Double
    /// H_q(X_1|X_0).
    public let firstStep: Double
    /// H_p(X_T).
    public let prior: Double
  }

  /// The bound of each data point.
  public let values: [Double]
  /// The bound: the mean over data.
  public let total: Estimate
  /// What it is above the null model, K − L_null: the mean of differences over data.
  public let gain: Estimate
  /// L_null: the mean of ln N(x_0; 0, 1).
  public let nullValue: Double
  /// The average of x² over data and coordinates.
  public let secondMoment: Double
  /// K less the bound without the assumption on the second moment: ½ d (m − 1)(β_1 + ᾱ_T); 0 for K_full.
  public let momentCorrection: Double
  /// The entropies of K.
  public let entropies: Entropies
  /// KL(q(x_T|x_0) || π), the mean over data: a part of K_full.
  public let priorDivergence: Double
  /// E ln p(x_0|x_1) by the model: a part of K_full, nil for K.
  public let decoder: Double?
  /// The divergences, by step and draw.
  public let terms: [BoundTerm]
  /// How the last step is taken: `forward` for K, `model` for K_full.
  public let lastStep: LastStep
  /// Coordinates of a data point.
  public let dimension: Int

  init(
    kernel: any GaussianReverseKernel, lastStep: LastStep, data: Matrix<Double>, values: [Double],
    terms: [BoundTerm], decoder: [Double]
  ) {
    let (diffusion, d) = (kernel.diffusion, data.columns)
    let schedule = diffusion.schedule
    let squares = (0..<data.rows).map { row in data.row(row).reduce(0) { $0 + $1 * $1 } }
    let nulls = squares.map { -0.5 * ($0 + Double(d) * log(2 * .pi)) }
    let moment = mean(of: squares) / Double(d)
    let correction =
      lastStep == .model
      ? 0
      : 0.5 * Double(d) * (moment - 1) * (schedule.rate(1) + schedule.signalPowers[schedule.steps])
    let method = "mean over \(values.count) data points of the variational bound"
    let total = Estimate(meanOf: values, method: method)
    let isBroken = total.halfWidth.isFinite && abs(correction) > total.halfWidth
    let reason =
      "the data have an average second moment of \(Float(moment)), not 1, which moves the bound "
      + "by \(Float(-correction)) nats; scale them"
    let gain = Estimate(meanOf: zip(values, nulls).map { $0 - $1 }, method: method)
    self.values = values
    self.total = isBroken ? total.unresolved(because: reason) : total
    self.gain = isBroken ? gain.unresolved(because: reason) : gain
    nullValue = mean(of: nulls)
    secondMoment = moment
    momentCorrection = correction
    entropies = Entropies(
      noise: Double(d) * diffusion.conditionalEntropy(schedule.steps),
      firstStep: Double(d) * diffusion.conditionalEntropy(1),
      prior: Double(d) * GaussianDiffusion.priorEntropy)
    priorDivergence = mean(of: (0..<data.rows).map { diffusion.priorDivergence(of: data.row($0)) })
    self.decoder = decoder.isEmpty ? nil : mean(of: decoder)
    self.terms = terms
    self.lastStep = lastStep
    dimension = d
  }

  /// The bound in bits a sample.
  public var bits: Estimate { total.scaled(by: 1 / log(2)) }

  /// The bound in bits a dimension: a log-density of the scaled data, not yet bits of their pixels
  /// (``BitsPerDimension``).
  public var bitsPerDimension: Estimate { total.scaled(by: 1 / (log(2) * Double(dimension))) }
}

extension EvidenceBoundValue: Encodable {
  private enum CodingKeys: String, CodingKey {
    case unit, total, gain, bits, bitsPerDimension, nullValue, dimension, secondMoment
    case momentCorrection, entropies, priorDivergence, decoder, lastStep, terms
  }

  /// Writes the documented JSON object.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode("nats", forKey: .unit)
    try container.encode(total, forKey: .total)
    try container.encode(gain, forKey: .gain)
    try container.encode(bits, forKey: .bits)
    try container.encode(bitsPerDimension, forKey: .bitsPerDimension)
    try container.encode(nullValue, forKey: .nullValue)
    try container.encode(dimension, forKey: .dimension)
    try container.encode(secondMoment, forKey: .secondMoment)
    try container.encode(momentCorrection, forKey: .momentCorrection)
    try container.encode(entropies, forKey: .entropies)
    try container.encode(priorDivergence, forKey: .priorDivergence)
    try container.encode(decoder, forKey: .decoder)
    try container.encode(lastStep, forKey: .lastStep)
    try container.encode(terms, forKey: .terms)
  }
}
