public import NumericalCore

extension RestrictedBoltzmannMachine {
  /// E(v, h) of a batch of joint states.
  ///
  /// Fields are summed in `Float` (relative error about 1e-6), energies in `Double`.
  ///
  /// - Complexity: O(rows × visible size × hidden count), by the binary kernels where units are bits.
  public func energies(
    visible: StateMatrix, hidden: StateMatrix, workers: Workers = Workers()
  ) -> [Double] {
    precondition(
      visible.columns == self.visible.count && hidden.columns == self.hidden.count
        && visible.rows == hidden.rows)
    LinearAlgebra.useOneThread()
    let form = BernoulliForm(self)
    var result = [Double](repeating: -form.offset, count: visible.rows)
    let block = 256
    result.withUnsafeMutableBufferPointer { buffer in
      let output = UncheckedSendable(buffer)
      visible.withReadOnlyMemory { v in
        hidden.withReadOnlyMemory { h in
          workers.forEachRange(of: (visible.rows + block - 1) / block) { range, _ in
            let tool = LayerKernels(form: form, capacity: block)
            var sums = [Double](repeating: 0, count: block)
            for index in range {
              let first = index * block
              let rows = min(block, visible.rows - first)
              let (ownVisible, ownHidden) = (v.advanced(by: first), h.advanced(by: first))
              for r in 0..<rows { sums[r] = 0 }
              tool.product(of: ownVisible, rows: rows, from: form.visible, weights: form.forward)
              tool.addBiasTerms(
                of: form.visible, states: ownVisible, rows: rows,
                coefficients: UnsafePointer(form.visible.biases.pointer), quadratic: true,
                sums: &sums)
              tool.addBiasTerms(
                of: form.hidden, states: ownHidden, rows: rows,
                coefficients: UnsafePointer(form.hidden.biases.pointer), quadratic: true,
                sums: &sums)
              tool.addProductDots(of: form.hidden, states: ownHidden, rows: rows, sums: &sums)
              for r in 0..<rows { output.value[first + r] -= sums[r] }
            }
          }
        }
      }
    }
    return result
  }
}
