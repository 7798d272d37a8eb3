internal import Foundation
public import NumericalCore
public import SpectralTheory

/// What theory says of the learning of a machine on data: singular values and states against time.
public struct LearningDynamics: Sendable, Encodable {
  /// The machine at a learning time.
  public struct Point: Sendable, Encodable {
    /// Rate × updates.
    public let time: Double
    /// All singular values of W in the native convention, largest first.
    public let singularValues: [Double]
    /// Distinct minima of the free energy that the samples lead to; nil for Gaussian machines.
    public let states: Int?
    /// The mean log-likelihood of the data: exact for Gaussian machines, else the mean-field
    /// approximation with all states.
    public let logLikelihood: Double?
    /// The order parameters of the states along the leading modes; nil for Gaussian machines.
    public let orderParameters: OrderParameters?
  }

  /// How the curves were found.
  public enum Method: String, Sendable, Codable {
    /// The exact flow of a Gaussian machine.
    case gaussian
    /// The learning equations with mean-field states.
    case meanField
  }

  /// Modes that order parameters are told of.
  public static let modes = 8

  /// How.
  public let method: Method
  /// Initial rates of growth of the modes of the data, largest first.
  public let growthRates: [Double]
  /// The singular values that learning ends with, where they are known: Gaussian machines.
  public let stationarySingularValues: [Double]?
  /// The curves.
  public let points: [Point]
  /// Why the integration ended before its time; nil if it did not.
  public let problem: String?

  /// How many modes of the data grow, and at what rates the first do, in words.
  public var growthSummary: String {
    let growing = growthRates.filter { $0 > 0 }
    guard !growing.isEmpty else {
      return "no mode of the data grows: they vary no more than independent units"
    }
    let rates = growing.prefix(8).map { String(format: "%.4g", $0) }.joined(separator: ", ")
    return growing.count == 1
      ? "one mode of the data grows, at the rate \(rates)"
      : "\(growing.count) modes of the data grow, the first at the rates \(rates)"
  }

  /// The exact flow of a machine of two Gaussian layers.
  ///
  /// The visible variances may differ: with D their diagonal matrix, the velocity of W is
  /// D^½ V(D^½ W), V that of a machine of unit variances on data of covariance D^−½ C D^−½.
  ///
  /// - Parameters:
  ///   - machine: Where to begin, at time 0; its hidden units have one variance.
  ///   - growth: The linear regime of the machine on the data, whose mean is taken to be learned.
  ///   - times: Increasing.
  /// - Throws: ``SzilardError`` of kind `badData` for other machines, or a machine that is no distribution.
  public static func gaussian(
    _ machine: RestrictedBoltzmannMachine, growth: LinearGrowth, times: [Double],
    progress: (Double) -> Void = { _ in }
  ) throws(SzilardError) -> LearningDynamics {
    guard machine.visible.kind == .gaussian, machine.hidden.kind == .gaussian,
      let hiddenVariance = machine.hidden.variances.first,
      machine.hidden.variances.allSatisfy({ $0 == hiddenVariance })
    else {
      throw SzilardError(
        .badData, "the exact flow is that of two Gaussian layers, the hidden one of one variance")
    }
    try machine.checkNormalisable()
    let theory = GaussianMachine(visibleVariance: 1, hiddenVariance: Double(hiddenVariance))
    let deviations = machine.visible.variances.map { Double($0).squareRoot() }
    var covariance = growth.components.covariance
    for i in deviations.indices {
      for j in deviations.indices { covariance[i, j] /= deviations[i] * deviations[j] }
    }
    let isUniform = Set(machine.visible.variances).count == 1
    var flow = GaussianFlow(
      machine: theory, deviations: deviations, covariance: covariance,
      weights: machine.weights.map { Double($0) }, setsAside: isUniform)
    var points: [Point] = []
    var problem: String?
    let end = times.last ?? 0
    // In between, modes that have arrived are looked for at equal ratios of time from the first rate's on.
    var stop = 1 / max(growth.rates.first ?? 0, 1e-3 / max(end, 1e-300))
    for time in times {
      while stop < time, problem == nil {
        if !flow.advance(to: stop) { problem = "the flow is too stiff from time \(flow.time) on" }
        stop *= 1.2
      }
      if problem == nil, !flow.advance(to: time) {
        problem = "the flow is too stiff from time \(flow.time) on"
      }
      guard problem == nil else { break }
      let state = flow.weights
      let logLikelihood = theory.logLikelihood(
        modes: LinearAlgebra.singularValueDecomposition(flow.scaled(state)),
        dataCovariance: covariance)
      points.append(
        Point(
          time: time, singularValues: LinearAlgebra.singularValues(state), states: nil,
          logLikelihood: logLikelihood.map { $0 - deviations.reduce(0) { $0 + log($1) } },
          orderParameters: nil))
      progress(time / end)
    }
    return LearningDynamics(
      method: .gaussian, growthRates: growth.rates,
      stationarySingularValues: stationary(theory, deviations, covariance, machine.hidden.count),
      points: points, problem: problem)
  }

  /// Singular values of W = D^−½ W̃, with W̃ W̃ᵀ = Σ w*² e eᵀ over the leading components of the data.
  private static func stationary(
    _ theory: GaussianMachine, _ deviations: [Double], _ covariance: Matrix<Double>, _ hidden: Int
  ) -> [Double]? {
    guard let spectrum = LinearAlgebra.symmetricEigenvalues(covariance) else { return nil }
    let size = deviations.count
    let count = Swift.min(hidden, size)
    var modes = spectrum.vectors.selectingRows((size - count..<size).reversed())
    for mode in 0..<count {
      let w = theory.stationarySingularValue(dataVariance: spectrum.values[size - 1 - mode])
      for i in 0..<size { modes[mode, i] *= w / deviations[i] }
    }
    return LinearAlgebra.singularValues(modes)
  }

  /// The learning equations with mean-field states.
  ///
  /// - Parameters:
  ///   - learning: Where to begin, at time 0.
  ///   - growth: The linear regime of the machine on the data.
  ///   - step: The step of learning time; as a learning rate is, it must be small against 1/rates.
  ///   - times: Increasing; each is met to half a step, and left out where no step comes before it.
  public static func meanField(
    _ learning: MeanFieldLearning, growth: LinearGrowth, step: Double, times: [Double],
    progress: (Double) -> Void = { _ in }
  ) -> LearningDynamics {
    var learning = learning
    var points: [Point] = []
    var problem: String?
    for time in times where learning.time < time - step / 2 {
      while learning.time < time - step / 2, problem == nil {
        problem = learning.advance(by: step)
        progress(learning.time / (times.last ?? 1))
      }
      guard problem == nil else { break }
      let states = learning.search()
      let modes = LinearAlgebra.singularValueDecomposition(learning.machine.weights)
      points.append(
        Point(
          time: learning.time, singularValues: modes.values,
          states: states.minima.count, logLikelihood: learning.logLikelihood(states)?.mixture,
          orderParameters: states.orderParameters(
            along: modes.prefix(LearningDynamics.modes), of: learning.machine)))
    }
    if points.isEmpty, problem == nil { problem = "no step lies before the last time" }
    return LearningDynamics(
      method: .meanField, growthRates: growth.rates, stationarySingularValues: nil,
      points: points, problem: problem.map { "at time \(learning.time): \($0)" })
  }
}
