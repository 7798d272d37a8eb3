internal import NumericalCore

/// Numbers by which chains are compared: the effective energy, and the projections of the visible
/// states on the leading left singular vectors of W.
///
/// The projections are the directions in which the machine is most strongly coupled, where modes part
/// and chains are slowest (Decelle, Fissore and Furtlehner 2018).
struct ChainStatistics {
  /// Names in the order of the values.
  let names: [String]
  private let form: BernoulliForm
  private let vectors: [AlignedBuffer<Float>]
  private let workers: Workers

  init(of machine: RestrictedBoltzmannMachine, projections: Int = 3, workers: Workers) {
    form = BernoulliForm(machine)
    self.workers = workers
    let singular = LinearAlgebra.singularValueDecomposition(machine.weights).prefix(projections)
      .left
    let size = form.visible.size
    vectors = (0..<singular.rows).map { k in
      let buffer = AlignedBuffer<Float>(count: (size + 15) / 16 * 16)
      for i in 0..<size { buffer.pointer[i] = Float(singular[k, i]) }
      return buffer
    }
    names = ["effective energy"] + vectors.indices.map { "projection \($0 + 1)" }
  }

  /// One array for each statistic, one value for each row of states.
  func values(of states: StateMatrix) -> [[Double]] {
    let tool = LayerKernels(form: form, capacity: 1)
    let projections = vectors.map { vector in
      var sums = [Double](repeating: 0, count: states.rows)
      states.withReadOnlyMemory { memory in
        tool.addBiasTerms(
          of: form.visible, states: memory, rows: states.rows,
          coefficients: UnsafePointer(vector.pointer), quadratic: false, sums: &sums)
      }
      return sums
    }
    return [form.freeEnergies(of: states, workers: workers)] + projections
  }
}
