public import NumericalCore

extension RestrictedBoltzmannMachine {
  /// The effective energies of a batch of visible states, hidden units summed out.
  ///
  ///     F(v) = − a·v − Σ_j ln Σ_{h_j} exp[(b_j + (Wᵀ v)_j) h_j]   (+ Σ v²/2σ² for Gaussian v)
  ///
  /// Fields are summed in `Float` (relative error about 1e-6), log-partition sums in `Double`.
  ///
  /// - Complexity: O(rows × visible size × hidden count), by the binary kernels where units are bits.
  public func freeEnergies(of states: StateMatrix, workers: Workers = Workers()) -> [Double] {
    BernoulliForm(self).freeEnergies(of: states, workers: workers)
  }
}

extension BernoulliForm {
  /// F(v) of each row, in the native convention (the offset of the 0/1 form included).
  func freeEnergies(of states: StateMatrix, workers: Workers) -> [Double] {
    precondition(states.columns == visible.count)
    let rows = states.rows
    var result = [Double](repeating: -offset, count: rows)
    // Blocks of a fixed number of rows, whatever the number of threads.
    let block = 256
    let blocks = (rows + block - 1) / block
    let form = self
    result.withUnsafeMutableBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return }
      let output = UncheckedSendable(base)
      states.withReadOnlyMemory { memory in
        workers.forEachRange(of: blocks) { range, _ in
          let tool = LayerKernels(form: form, capacity: block)
          var sums = [Double](repeating: 0, count: block)
          for index in range {
            let first = index * block
            let count = Swift.min(block, rows - first)
            for r in 0..<count { sums[r] = 0 }
            tool.addNegativeFreeEnergies(
              of: memory.advanced(by: first), rows: count, form: form, sums: &sums)
            for r in 0..<count { output.value[first + r] -= sums[r] }
          }
        }
      }
    }
    return result
  }
}

extension LayerKernels {
  /// sums[r] += −F(v_r) of the 0/1 form.
  func addNegativeFreeEnergies(
    of states: LayerMemory, rows: Int, form: BernoulliForm, sums: UnsafeMutablePointer<Double>
  ) {
    product(of: states, rows: rows, from: form.visible, weights: form.forward)
    addNegativeFreeEnergies(
      of: states, rows: rows, form: form, product: (UnsafePointer(fields.pointer), fieldStride),
      sums: sums)
  }

  /// sums[r] += −F(v_r) of the 0/1 form, from a product v W that was formed before.
  func addNegativeFreeEnergies(
    of states: LayerMemory, rows: Int, form: BernoulliForm,
    product: (pointer: UnsafePointer<Float>, stride: Int), sums: UnsafeMutablePointer<Double>
  ) {
    addLogPartitions(
      of: form.hidden, rows: rows, path: FieldPath(base: UnsafePointer(form.hidden.biases.pointer)),
      sums: sums, product: product)
    addBiasTerms(
      of: form.visible, states: states, rows: rows,
      coefficients: UnsafePointer(form.visible.biases.pointer), quadratic: true, sums: sums)
  }

  /// energies[r] = F(v_r), from a product v W that was formed before.
  func freeEnergies(
    of states: LayerMemory, rows: Int, form: BernoulliForm,
    product: (pointer: UnsafePointer<Float>, stride: Int),
    into energies: UnsafeMutablePointer<Double>
  ) {
    for r in 0..<rows { energies[r] = 0 }
    addNegativeFreeEnergies(of: states, rows: rows, form: form, product: product, sums: energies)
    let offset = form.offset
    for r in 0..<rows { energies[r] = -offset - energies[r] }
  }
}
