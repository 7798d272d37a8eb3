internal import NumericalCore

/// The equivalent machine whose two-valued units are 0/1, laid out for the kernels.
///
/// A spin is s = 2x − 1 of a bit x. Substituting in either layer leaves a machine of the same form:
///
///     visible spins:  W ← 2 W,  a ← 2 a,  b ← b − Wᵀ1,  −E gains − Σ a
///     hidden spins:   W ← 2 W,  b ← 2 b,  a ← a − W 1,  −E gains − Σ b
///
/// (each with the W, a, b before it), hence for spins in both layers W' = 4W, a' = 2a − 2W1,
/// b' = 2b − 2Wᵀ1 and ln Z = ln Z' + ΣW − Σa − Σb. The sums are formed in double.
package final class BernoulliForm: @unchecked Sendable {
  /// How the states of a layer are held.
  package enum Storage: Equatable {
    case bits
    case colours(Int)
    case reals
  }

  /// One layer of the equivalent machine.
  package struct Side {
    let storage: Storage
    let kind: UnitKind
    /// Units, or sites.
    let count: Int
    /// Parameters: units × channels.
    let size: Int
    let biases: AlignedBuffer<Float>
    let variances: AlignedBuffer<Float>

    init(_ layer: Layer) {
      kind = layer.kind
      count = layer.count
      size = layer.size
      storage =
        switch layer.kind {
        case .bernoulli, .spin: .bits
        case .potts(let colours): .colours(colours)
        case .gaussian: .reals
        }
      biases = AlignedBuffer(count: (layer.size + 15) / 16 * 16)
      variances = AlignedBuffer(count: (layer.count + 15) / 16 * 16)
    }
  }

  package let visible: Side
  package let hidden: Side
  /// W' [visible size × hidden count] and its transpose.
  private(set) var forward: Matrix<Float>
  private(set) var backward: Matrix<Float>
  /// −E(native) = −E(0/1) + offset: ln Z(native) = ln Z(0/1) + offset.
  private(set) var offset = 0.0

  package init(_ machine: RestrictedBoltzmannMachine) {
    visible = Side(machine.visible)
    hidden = Side(machine.hidden)
    forward = Matrix(rows: visible.size, columns: hidden.size)
    backward = Matrix(rows: hidden.size, columns: visible.size)
    refresh(from: machine, workers: Workers(count: 1))
  }

  /// Takes over new parameters of the same machine, in place.
  func refresh(from machine: RestrictedBoltzmannMachine, workers: Workers) {
    let rows = visible.size
    let columns = hidden.size
    let visibleScale = visible.kind.bitScale
    let hiddenScale = hidden.kind.bitScale
    let scale = visibleScale * hiddenScale
    let stride = forward.stride
    let outStride = backward.stride
    let kernels = Kernels.current
    machine.weights.withUnsafePointer { source in
      precondition(machine.weights.stride == stride)
      forward.withUnsafeMutablePointer { target in
        backward.withUnsafeMutablePointer { transposed in
          workers.forEachRange(of: rows, grain: 16) { range, _ in
            for i in range {
              let from = source + i * stride
              let to = target + i * stride
              if scale == 1 {
                to.update(from: from, count: columns)
              } else {
                for j in 0..<columns { to[j] = scale * from[j] }
              }
            }
            kernels.transposeFloats(
              target + range.lowerBound * stride, stride: stride, rows: range.count,
              columns: columns, out: transposed + range.lowerBound, outStride: outStride)
          }
        }
      }
    }
    let (rowSums, columnSums) = scale == 1 ? ([], []) : sums(of: machine.weights, workers: workers)
    let visibleSpin = visible.kind == .spin
    let hiddenSpin = hidden.kind == .spin
    for i in 0..<rows {
      let bias = Double(machine.visible.biases[i]) - (hiddenSpin ? rowSums[i] : 0)
      visible.biases.pointer[i] = Float(Double(visibleScale) * bias)
    }
    for j in 0..<columns {
      let bias = Double(machine.hidden.biases[j]) - (visibleSpin ? columnSums[j] : 0)
      hidden.biases.pointer[j] = Float(Double(hiddenScale) * bias)
    }
    for (i, variance) in machine.visible.variances.enumerated() {
      visible.variances.pointer[i] = variance
    }
    for (j, variance) in machine.hidden.variances.enumerated() {
      hidden.variances.pointer[j] = variance
    }
    offset = 0
    if visibleSpin { offset -= machine.visible.biases.reduce(0) { $0 + Double($1) } }
    if hiddenSpin { offset -= machine.hidden.biases.reduce(0) { $0 + Double($1) } }
    if visibleSpin && hiddenSpin { offset += rowSums.reduce(0, +) }
  }

  /// Sums of the couplings by row and by column, in double, in a fixed order.
  private func sums(
    of weights: Matrix<Float>, workers: Workers
  ) -> (rows: [Double], columns: [Double]) {
    var rowSums = [Double](repeating: 0, count: weights.rows)
    var columnSums = [Double](repeating: 0, count: weights.columns)
    let stride = weights.stride
    weights.withUnsafePointer { source in
      rowSums.withUnsafeMutableBufferPointer { sums in
        let sums = UncheckedSendable(sums)
        workers.forEachRange(of: weights.rows, grain: 16) { range, _ in
          for i in range {
            var sum = 0.0
            for j in 0..<weights.columns { sum += Double(source[i * stride + j]) }
            sums.value[i] = sum
          }
        }
      }
      columnSums.withUnsafeMutableBufferPointer { sums in
        let sums = UncheckedSendable(sums)
        workers.forEachRange(of: weights.columns, grain: 16) { range, _ in
          for i in 0..<weights.rows {
            for j in range { sums.value[j] += Double(source[i * stride + j]) }
          }
        }
      }
    }
    return (rowSums, columnSums)
  }
}
