public import NumericalCore

/// A way from noise to samples.
///
/// The states on the way are numbered from ``steps`` (noise) down to 0 (samples). A sample's random numbers
/// are named by its number and the step, so samples are the same bits for any number of threads and of
/// other samples; an adaptive sampler chooses its steps for blocks of 256 samples.
public protocol Sampler: Sendable {
  /// Coordinates of a state.
  var dimension: Int { get }
  /// The number of states on the way, less one.
  var steps: Int { get }
  /// Samples that are worked together, 256 unless a sampler says otherwise.
  var blockSize: Int { get }
  /// The samples of the given numbers, and how often the model was asked for each.
  ///
  /// - Parameter visit: Told each state on the way with its number, from `steps` to 0.
  func sample(
    _ numbers: Range<Int>, seed: UInt64, visit: (Int, Matrix<Double>) -> Void
  ) throws -> (states: Matrix<Double>, evaluations: Int)
}

/// Samples with what they cost, and with states on their way.
public struct SampleSet: Sendable {
  /// The samples, one a row.
  public var samples: Matrix<Double>
  /// How often the model was asked for a sample (NFE), the most over blocks.
  public var evaluations: Int
  /// The states on the way that were asked for, by number.
  public var slices: [Int: Matrix<Double>]
}

extension Sampler {
  /// 256.
  public var blockSize: Int { 256 }

  /// Samples from noise.
  ///
  /// - Parameters:
  ///   - count: How many.
  ///   - seed: Of all random numbers.
  ///   - slices: Numbers of the states on the way to be kept.
  ///   - workers: The threads.
  ///   - progress: Told how far it is, from 0 to 1.
  public func samples(
    _ count: Int, seed: UInt64, keeping slices: Set<Int> = [], workers: Workers = Workers(),
    progress: @escaping @Sendable (Double) -> Void = { _ in }
  ) throws -> SampleSet {
    let done = ProgressCount(of: count, progress)
    let blocks = try workers.mapBlocks(of: count, size: blockSize) { rows -> SampleSet in
      var kept: [Int: Matrix<Double>] = [:]
      let result = try sample(rows, seed: seed) { number, states in
        if slices.contains(number) { kept[number] = states }
      }
      done.add(rows.count)
      return SampleSet(
        samples: result.states, evaluations: result.evaluations, slices: kept)
    }
    var kept: [Int: Matrix<Double>] = [:]
    for number in slices where number >= 0 && number <= steps {
      kept[number] = .stacked(blocks.compactMap { $0.slices[number] }, columns: dimension)
    }
    return SampleSet(
      samples: .stacked(blocks.map(\.samples), columns: dimension),
      evaluations: blocks.map(\.evaluations).max() ?? 0, slices: kept)
  }

  /// The noise of samples at a step; step 0 is where they begin.
  func noise(_ numbers: Range<Int>, seed: UInt64, step: Int) -> Matrix<Double> {
    .normal(
      rows: numbers.count, columns: dimension, seed: seed, purpose: .reversePaths,
      step: UInt64(step), firstRow: numbers.lowerBound)
  }
}
