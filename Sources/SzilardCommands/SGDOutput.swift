internal import Foundation
internal import Learning
internal import NumericalCore
internal import StochasticGradients
internal import StochasticThermodynamics

/// The JSON of `sgd`; numbers that are not finite are left out.
struct SGDOutput: Encodable {
  struct MinimumPart: Encodable {
    let kind: Minimum.Kind
    let loss, gradientNorm: Double
    let parameters, eigenvalues: [Double]
  }

  struct DiffusionPart: Encodable {
    let norm, trace: Double
    let anisotropy: Double?
    let eigenvalues: [Double]
    let measuredError: Double?
  }

  struct StationaryPart: Encodable {
    let isEquilibriumByTheory: Bool
    let commutator, relaxationTime: Double
    let covarianceError, covarianceSamplingError: Double?
    let circulationError, circulationSamplingError: Double?
    let mean: [Double]
    let covariance, covarianceTheory, circulation, circulationTheory: [[Double]]
  }

  struct EntropyPart: Encodable {
    let theory, theoryFiniteSteps: Double
    let measured: Estimate
  }

  struct WindowPart: Encodable {
    let length, count: Int
    let mean, meanError, variance: Double?
    let exponentialAverage, exponentialError, oppositeAverage, oppositeError: Double?
    let slope, slopeError: Double?
    let average, integral, control: Check
    let detailed: DetailedFluctuationTheorem.Result
  }

  struct RelaxationPart: Encodable {
    let steps, trajectories: Int
    let housekeeping, housekeepingTheory, excess, excessTheory, total: Double
    let checks: [Check]
  }

  let data: String
  let seed: UInt64
  let samples, batchSize: Int
  let replacement: MinibatchPolicy
  let learningRate, stableRate: Double
  let unit: String
  let steps, burnIn, chains: Int
  let modes: Int?
  let minimum: MinimumPart
  let effectiveShift: [Double]
  let diffusion: DiffusionPart
  let stationary: StationaryPart
  let entropyProduction: EntropyPart
  let windows: [WindowPart]
  let relaxation: RelaxationPart?
  let verdict: DescentReport.Verdict
  let notes: [String]
  let page: String?

  init(data: String, report: DescentReport, page: String?, notes: [String]) {
    self.data = data
    self.page = page
    self.notes = notes
    seed = report.seed
    samples = report.sampleCount
    batchSize = report.batchSize
    replacement = report.policy
    learningRate = report.rate
    stableRate = 2 / (report.minimum.eigenvalues.last ?? .infinity)
    unit = report.unit
    let statistics = report.outcome.statistics
    let state = report.state
    steps = statistics.count
    burnIn = report.burnIn
    chains = report.outcome.chains.count
    modes = state.modes == nil ? nil : state.dimension
    minimum = MinimumPart(
      kind: report.minimum.kind, loss: report.minimum.value,
      gradientNorm: report.minimum.gradientNorm, parameters: report.minimum.parameters,
      eigenvalues: report.minimum.eigenvalues)
    effectiveShift = zip(report.centre, report.minimum.parameters).map { $0 - $1 }
    let spectrum = LinearAlgebra.symmetricEigenvalues(state.diffusion)?.values ?? []
    let measured = statistics.diffusion
    diffusion = DiffusionPart(
      norm: LinearAlgebra.frobeniusNorm(state.diffusion),
      trace: LinearAlgebra.trace(state.diffusion),
      anisotropy: SGDOutput.finite((spectrum.last ?? .nan) / (spectrum.first ?? .nan)),
      eigenvalues: spectrum,
      measuredError: SGDOutput.finite(
        LinearAlgebra.frobeniusNorm(
          LinearAlgebra.sum(measured, state.diffusion, factor: -1))
          / LinearAlgebra.frobeniusNorm(state.diffusion)))
    stationary = StationaryPart(
      isEquilibriumByTheory: state.commutator < 1e-9, commutator: state.commutator,
      relaxationTime: state.relaxationTime,
      covarianceError: SGDOutput.finite(report.covarianceError),
      covarianceSamplingError: SGDOutput.finite(report.covarianceSamplingError),
      circulationError: SGDOutput.finite(report.circulationError),
      circulationSamplingError: SGDOutput.finite(report.circulationSamplingError),
      mean: statistics.mean, covariance: SGDOutput.rows(statistics.covariance),
      covarianceTheory: SGDOutput.rows(report.expectedCovariance),
      circulation: SGDOutput.rows(statistics.areaMatrix),
      circulationTheory: SGDOutput.rows(state.circulation))
    entropyProduction = EntropyPart(
      theory: state.entropyProduction, theoryFiniteSteps: report.expectedEntropyProduction,
      measured: statistics.dissipation)
    windows = report.windows.map { window in
      let sums = window.sums
      let slope = sums.histogram.slope
      return WindowPart(
        length: sums.length, count: sums.count, mean: SGDOutput.finite(sums.mean),
        meanError: SGDOutput.finite(sums.meanError), variance: SGDOutput.finite(sums.variance),
        exponentialAverage: SGDOutput.finite(sums.exponentialAverage),
        exponentialError: SGDOutput.finite(sums.exponentialError),
        oppositeAverage: SGDOutput.finite(sums.oppositeAverage),
        oppositeError: SGDOutput.finite(sums.oppositeError), slope: slope?.value,
        slopeError: slope?.standardError, average: window.average, integral: window.integral,
        control: window.control, detailed: window.detailed)
    }
    relaxation = report.relaxation.map {
      RelaxationPart(
        steps: $0.steps, trajectories: $0.excess.count, housekeeping: mean(of: $0.housekeeping),
        housekeepingTheory: $0.expectedHousekeeping, excess: mean(of: $0.excess),
        excessTheory: $0.expectedExcess, total: mean(of: $0.total), checks: $0.checks)
    }
    verdict = report.verdict
  }

  private static func finite(_ value: Double) -> Double? { value.isFinite ? value : nil }

  private static func rows(_ matrix: Matrix<Double>) -> [[Double]] {
    (0..<matrix.rows).map { matrix.row($0) }
  }
}

/// The JSON of a descent that diverged.
struct SGDDivergenceOutput: Encodable {
  let verdict = "diverged"
  let step: Int
  let chain: Int
  let learningRate: Double
  let stableRate: Double
  /// The last good state.
  let parameters: [Double]
  let file: String?
}
