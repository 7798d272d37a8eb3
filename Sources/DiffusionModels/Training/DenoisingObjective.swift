internal import Foundation
internal import Learning
internal import NumericalCore

/// Training of a ``NetworkDenoiser``: the weighted error of the noise at random times.
///
/// Times of a batch are stratified: one in each of B equal parts of (0, 1), in random order of samples
/// (Kingma et al. 2021, appendix I.1). The loss is a mean over coordinates.
struct DenoisingObjective: TrainingObjective {
  let data: GaussianData
  let head: NetworkHead
  let loss: DiffusionLoss
  var path: NoisePath
  let earliest: Double

  var sampleCount: Int { data.samples.rows }

  func batch(
    of samples: ArraySlice<Int>, update: Int, seed: UInt64, workers: Workers
  ) -> TrainingBatch {
    let clean = data.scaled(samples, seed: seed, step: update, workers: workers)
    let times = StratifiedTimes(count: clean.rows, update: update, seed: seed)
    let outer = (0..<clean.rows).map { row in
      loss.level(
        min(max(times[row], 1e-9), 1 - 1e-9), on: path, earliest: earliest,
        quantile: normalQuantile)
    }
    let levels = outer.map(\.varianceKeeping)
    let weights = zip(outer, levels).map { outer, level in
      loss.weight(outer) * pow(head.noiseCombination(level).output, 2) / Double(clean.columns)
    }
    let noisy = head.noisy(
      clean, at: levels, seed: seed, purpose: .diffusionNoise, step: UInt64(update),
      workers: workers)
    return TrainingBatch(
      inputs: noisy.inputs, conditions: levels.map { NetworkCondition($0) },
      loss: NetworkHead.squaredError(targets: noisy.targets, weights: weights))
  }

  /// Updates, as parts of all, at which a learned path is measured: early, where it matters most for
  /// what follows, and when the network has found its level.
  private static let refits = [0.05, 0.15, 0.4]
  /// Noisy states by which it is measured.
  private static let measured = 1024

  func refittedPath(
    update: Int, of updates: Int, parameters: NetworkParameters, evaluator: NetworkEvaluator,
    seed: UInt64
  ) throws -> MonotoneSchedule? {
    guard case .learned(let course) = path,
      Self.refits.contains(where: { Int($0 * Double(updates)) == update })
    else { return nil }
    // As many of each part of the range of λ, whatever the course so far.
    let rows = (0..<Self.measured).map { $0 % sampleCount }
    let clean = data.scaled(rows[...], seed: seed, step: update)
    let ratios = (0..<Self.measured).map {
      course.first + (course.last - course.first) * (Double($0) + 0.5) / Double(Self.measured)
    }
    let levels = ratios.map { NoiseLevel(logSignalToNoise: $0) }
    let noisy = head.noisy(
      clean, at: levels, seed: seed, purpose: .scheduleFit, step: UInt64(update),
      workers: evaluator.workers)
    let outputs = try evaluator.outputs(
      of: noisy.inputs, conditions: levels.map { NetworkCondition($0) }, parameters: parameters)
    let errors = levels.indices.map { row in
      let q = head.noiseCombination(levels[row]).output
      let squares = zip(outputs.row(row), noisy.targets.row(row)).reduce(0.0) {
        $0 + pow(Double($1.0 - $1.1), 2)
      }
      return 0.5 * q * q * squares
    }
    return MonotoneSchedule(
      ofLeastVarianceFrom: course.first, to: course.last, pieces: course.logSlopes.count,
      logSignalToNoise: ratios, errors: errors)
  }

  mutating func follow(_ path: MonotoneSchedule) { self.path = .learned(path) }
}

/// Times of a batch: one in each of n equal parts of (0, 1), all shifted alike.
struct StratifiedTimes {
  let count: Int
  private let shift: Double

  init(count: Int, update: Int, seed: UInt64) {
    var stream = RandomStream(seed: seed, purpose: .diffusionTimes, index: UInt64(update))
    self.count = count
    shift = stream.uniform()
  }

  subscript(_ row: Int) -> Double {
    let place = (Double(row) + shift) / Double(count)
    return place - place.rounded(.down)
  }
}

extension NetworkHead {
  /// Noisy states of clean rows and the targets of a network with this output.
  func noisy(
    _ clean: Matrix<Double>, at levels: [NoiseLevel], seed: UInt64, purpose: StreamPurpose,
    step: UInt64, workers: Workers
  ) -> (inputs: Matrix<Float>, targets: Matrix<Float>) {
    let d = clean.columns
    var inputs = Matrix<Float>(rows: clean.rows, columns: d)
    var targets = Matrix<Float>(rows: clean.rows, columns: d)
    let (from, to) = (clean.stride, inputs.stride)
    clean.withUnsafePointer { clean in
      inputs.withUnsafeMutablePointer { inputs in
        targets.withUnsafeMutablePointer { targets in
          let (clean, inputs, targets) = (
            UncheckedSendable(clean), UncheckedSendable(inputs), UncheckedSendable(targets)
          )
          workers.forEachRange(of: levels.count, grain: 8) { rows, _ in
            var noise = [Double](repeating: 0, count: d)
            for row in rows {
              let (u, w) = target(levels[row])
              let (a, s) = (levels[row].signal, levels[row].noise)
              var normals = NormalStream(
                seed: seed, purpose: purpose, index: UInt64(row), step: step)
              normals.fill(&noise)
              let (x, input, target) = (
                clean.value + row * from, inputs.value + row * to, targets.value + row * to
              )
              noise.withUnsafeBufferPointer { noise in
                for j in 0..<d {
                  input[j] = Float(a * x[j] + s * noise[j])
                  target[j] = Float(u * x[j] + w * noise[j])
                }
              }
            }
          }
        }
      }
    }
    return (inputs, targets)
  }

  /// Σ_rows w |output − target|² over the first outputs, with its gradient.
  static func squaredError(
    targets: Matrix<Float>, weights: [Double]
  ) -> @Sendable (Range<Int>, Matrix<Float>, inout Matrix<Float>) -> Double {
    { range, output, gradient in
      var sum = 0.0
      let (width, from, to) = (targets.stride, output.stride, gradient.stride)
      targets.withUnsafePointer { target in
        output.withUnsafePointer { output in
          gradient.withUnsafeMutablePointer { gradient in
            for (place, row) in range.enumerated() {
              let slope = Float(2 * weights[row])
              var squares = 0.0
              for j in 0..<targets.columns {
                let error = output[place * from + j] - target[row * width + j]
                squares += Double(error) * Double(error)
                gradient[place * to + j] = slope * error
              }
              sum += weights[row] * squares
            }
          }
        }
      }
      return sum
    }
  }
}
