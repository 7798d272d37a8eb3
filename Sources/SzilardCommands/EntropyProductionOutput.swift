internal import NumericalCore
internal import StochasticThermodynamics

/// The JSON of `szilard entropy-production`.
struct EntropyProductionOutput: Encodable {
  /// An estimate in nats per lag, and its rate where the time step is known.
  struct Row: Encodable {
    let result: EntropyProductionEstimate
    let rate: Estimate?

    private enum Key: String, CodingKey { case rate }

    init(_ result: EntropyProductionEstimate, timeStep: Double?) {
      self.result = result
      rate = timeStep.map { result.estimate.scaled(by: 1 / ($0 * Double(result.lag))) }
    }

    func encode(to encoder: any Encoder) throws {
      try result.encode(to: encoder)
      var container = encoder.container(keyedBy: Key.self)
      try container.encodeIfPresent(rate, forKey: .rate)
    }
  }

  /// Two columns, from 1, between which most area is swept, in units of its error.
  struct Largest: Encodable {
    let first: Int
    let second: Int
    let value: Double
    let error: Double
  }

  struct Circulation: Encodable {
    /// Half of x_i(t) x_j(t + lag) − x_j(t) x_i(t + lag), in units of the data per lag.
    let matrix: [[Double]]
    let standardErrors: [[Double]]
    let largest: Largest?
    /// Two directions; coordinates in the plane are `plane · (x − means)`.
    let plane: [[Double]]
    let means: [Double]

    init(_ current: ProbabilityCurrent) {
      func rows(_ matrix: Matrix<Double>) -> [[Double]] {
        (0..<matrix.rows).map { matrix.row($0) }
      }
      matrix = rows(current.circulation)
      standardErrors = rows(current.standardErrors)
      plane = rows(current.plane)
      means = current.means
      var largest: Largest?
      for i in matrix.indices {
        for j in matrix.indices where i < j && standardErrors[i][j] > 0 {
          let ratio = abs(matrix[i][j]) / standardErrors[i][j]
          guard ratio > largest.map({ abs($0.value) / $0.error }) ?? -1 else { continue }
          largest = Largest(
            first: i + 1, second: j + 1, value: matrix[i][j], error: standardErrors[i][j])
        }
      }
      self.largest = current.problem == nil ? largest : nil
    }
  }

  let file: String
  let seed: UInt64
  let chains: Int
  let states: Int
  let dimension: Int
  let discarded: Int
  let timeStep: Double?
  let entropyProduction: Row
  let others: [Row]
  let lags: [Row]
  let circulation: Circulation
  let figures: [String]?

  init(
    file: String, seed: UInt64, trajectories: Trajectories, discarded: Int, timeStep: Double?,
    rows: [EntropyProductionEstimate], scan: [EntropyProductionEstimate],
    current: ProbabilityCurrent, figures: [String]?
  ) {
    self.file = file
    self.seed = seed
    chains = trajectories.chains
    states = trajectories.length
    dimension = trajectories.dimension
    self.discarded = discarded
    self.timeStep = timeStep
    entropyProduction = Row(rows[0], timeStep: timeStep)
    others = rows.dropFirst().map { Row($0, timeStep: timeStep) }
    lags = scan.map { Row($0, timeStep: timeStep) }
    circulation = Circulation(current)
    self.figures = figures
  }
}
