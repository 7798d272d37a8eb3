internal import Foundation
public import NumericalCore

/// The pseudo-likelihood (Besag 1975): each unit given all the others.
///
///     PL(v) = Σ_i ln p(v_i | v_rest),   p(v_i | v_rest) = e^{−F(v)} / Σ_{x} e^{−F(v with v_i = x)}
///
/// Exact, no random bit as in implementations that flip one unit and scale up.
public enum PseudoLikelihood {
  /// The mean of PL over samples, in nats per sample, or nil for continuous visible units.
  ///
  /// - Parameter maximumSamples: At most so many samples, evenly spaced, are used.
  /// - Complexity: O(samples × visible size × hidden count).
  public static func mean(
    of machine: RestrictedBoltzmannMachine, over states: StateMatrix, maximumSamples: Int = 500,
    workers: Workers = Workers()
  ) -> Double? {
    if case .reals = states { return nil }
    guard states.rows > 0 else { return nil }
    let count = min(maximumSamples, states.rows)
    let chosen = states.selectingRows((0..<count).map { $0 * states.rows / count })
    let form = BernoulliForm(machine)
    var values = [Double](repeating: 0, count: count)
    values.withUnsafeMutableBufferPointer { buffer in
      let output = UncheckedSendable(buffer)
      chosen.withReadOnlyMemory { memory in
        workers.forEachRange(of: count) { range, _ in
          let one = LayerKernels(form: form, capacity: 1)
          let many = LayerKernels(form: form, capacity: block)
          for r in range {
            output.value[r] = value(of: memory.advanced(by: r), form: form, one: one, many: many)
          }
        }
      }
    }
    return values.reduce(0, +) / Double(count)
  }

  private static let block = 64

  /// A change of one unit: the rows of W to add and to take away, and the change of −F's bias term.
  private struct Change {
    let unit: Int
    let added: Int?
    let removed: Int?
  }

  private static func value(
    of state: LayerMemory, form: BernoulliForm, one: LayerKernels, many: LayerKernels
  ) -> Double {
    one.product(of: state, rows: 1, from: form.visible, weights: form.forward)
    let path = FieldPath(base: UnsafePointer(form.hidden.biases.pointer))
    var here = 0.0
    one.addLogPartitions(of: form.hidden, rows: 1, path: path, sums: &here)
    var alternatives = [[Double]](repeating: [0], count: form.visible.count)
    let changes = changes(of: state, side: form.visible)
    let biases = form.visible.biases.pointer
    let stride = many.fieldStride
    var sums = [Double](repeating: 0, count: block)
    form.forward.withUnsafePointer { w in
      for first in Swift.stride(from: 0, to: changes.count, by: block) {
        let rows = min(block, changes.count - first)
        for r in 0..<rows {
          let row = many.fields.pointer + r * stride
          let change = changes[first + r]
          sums[r] = 0
          row.update(from: one.fields.pointer, count: form.hidden.size)
          if let added = change.added {
            let source = w + added * form.forward.stride
            for j in 0..<form.hidden.size { row[j] += source[j] }
            sums[r] += Double(biases[added])
          }
          if let removed = change.removed {
            let source = w + removed * form.forward.stride
            for j in 0..<form.hidden.size { row[j] -= source[j] }
            sums[r] -= Double(biases[removed])
          }
        }
        many.addLogPartitions(of: form.hidden, rows: rows, path: path, sums: &sums)
        for r in 0..<rows { alternatives[changes[first + r].unit].append(sums[r] - here) }
      }
    }
    return -alternatives.reduce(0) { $0 + logSumExp($1) }
  }

  private static func changes(of state: LayerMemory, side: BernoulliForm.Side) -> [Change] {
    switch state {
    case .bits(let bits, _):
      return (0..<side.count).map { i in
        let isSet = bits[i / 64] >> UInt64(i % 64) & 1 == 1
        return Change(unit: i, added: isSet ? nil : i, removed: isSet ? i : nil)
      }
    case .colours(let colours, _, let count):
      return (0..<side.count).flatMap { i in
        let now = Int(colours[i])
        return (0..<count).filter { $0 != now }.map {
          Change(unit: i, added: i * count + $0, removed: i * count + now)
        }
      }
    case .reals: return []
    }
  }
}
