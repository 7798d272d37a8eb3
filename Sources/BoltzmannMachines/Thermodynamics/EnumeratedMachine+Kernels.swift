internal import NumericalCore

extension EnumeratedMachine {
  /// The kernels as they run: the probabilities that the sampler draws from, in single precision.
  ///
  /// Against ``transition(inverseTemperature:)`` this shows whether the code, not the theory, leaves
  /// the machine's distribution unchanged; they agree to about 1e-7, the rounding of `Float`.
  ///
  /// - Complexity: O(joint states × units).
  public func kernelTransition(inverseTemperature: Double = 1) -> GibbsTransition {
    let form = BernoulliForm(machine)
    return GibbsTransition(
      visibleStates: visible.count, hiddenStates: hidden.count,
      hiddenGivenVisible: kernelRows(
        of: form.hidden, in: form, among: hidden.values, given: visible.states, from: form.visible,
        weights: form.forward, inverseTemperature: inverseTemperature),
      visibleGivenHidden: kernelRows(
        of: form.visible, in: form, among: visible.values, given: hidden.states, from: form.hidden,
        weights: form.backward, inverseTemperature: inverseTemperature))
  }

  /// The probability of each state of `target` given each state of `source`.
  private func kernelRows(
    of target: BernoulliForm.Side, in form: BernoulliForm, among values: [[Double]],
    given states: StateMatrix,
    from source: BernoulliForm.Side, weights: Matrix<Float>, inverseTemperature: Double
  ) -> [Double] {
    let rows = states.rows
    let tool = LayerKernels(form: form, capacity: rows)
    let scales = AlignedBuffer<Float>(count: (rows + 15) / 16 * 16)
    for row in 0..<rows { scales.pointer[row] = Float(inverseTemperature) }
    var means = Matrix<Float>(rows: rows, columns: target.size)
    let stride = means.stride
    means.withUnsafeMutablePointer { out in
      states.withReadOnlyMemory { memory in
        tool.means(
          of: target, given: memory, rows: rows, from: source, weights: weights,
          path: FieldPath(
            slope: UnsafePointer(target.biases.pointer), rowScale: UnsafePointer(scales.pointer)),
          out: out, outStride: stride)
      }
    }
    let isBits = target.storage == .bits
    return (0..<rows).flatMap { row in
      let mean = means.row(row).map(Double.init)
      return values.map { state in
        var product = 1.0
        for (p, value) in zip(mean, state) {
          // A set bit is 1, or spin up; of Potts units the one colour counts.
          if value > 0 { product *= p } else if isBits { product *= 1 - p }
        }
        return product
      }
    }
  }
}
