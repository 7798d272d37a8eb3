internal import NumericalCore

/// The largest singular value of A^{−1/2} C B^{−1/2} at mean-field states, by Lanczos' iteration.
///
///     ∂²G:   Aᵢ = 1/vᵢ + qᵢ + rᵢ v'ᵢ,  Bⱼ likewise,  C_ij = W + ½ v'ᵢ W² v̄'ⱼ + ⅙ κ'ᵢ W³ κ̄'ⱼ
///
/// (q = W² v̄ and r = W³ κ̄ the fields of the variances and third cumulants; for a Gaussian unit
/// A = 1/σ².) The states of a block share the products with W. Every vector is made orthogonal to all
/// before it; the residual is that of the largest Ritz pair of M Mᵀ, halved by the root.
enum MeanFieldStability {
  /// Steps of the iteration at most.
  static let maximumSteps = 120
  /// The residual at which it ends.
  static let tolerance = 1e-7

  static func measure(
    _ states: [MeanFieldState], _ equations: MeanFieldEquations, workers: Workers
  ) -> [MeanFieldState.Stability] {
    let size = MeanFieldSolver.blockSize
    let blocks = stride(from: 0, to: states.count, by: size).map {
      $0..<Swift.min($0 + size, states.count)
    }
    var results = [[MeanFieldState.Stability]](repeating: [], count: blocks.count)
    results.withUnsafeMutableBufferPointer { slots in
      let slots = UncheckedSendable(slots)
      workers.forEach(blocks.count) { index in
        let block = states[blocks[index]]
        let linear = MeanFieldLinearisation(
          visible: block.flatMap { $0.visible.map(equations.visible.value) },
          hidden: block.flatMap { $0.hidden.map(equations.hidden.value) }, rows: block.count,
          equations)
        slots.value[index] = largest(linear, size: equations.hidden.count)
      }
    }
    return results.flatMap { $0 }
  }

  /// Lanczos' iteration of a block of states side by side.
  private static func largest(
    _ linear: MeanFieldLinearisation, size: Int
  ) -> [MeanFieldState.Stability] {
    let rows = linear.rows
    let all = Array(0..<rows)
    let steps = Swift.min(MeanFieldStability.maximumSteps, size)
    var random = RandomStream(seed: 0, purpose: .meanField, index: UInt64(size))
    let start = (0..<size).map { _ in random.normal() }
    let norm = start.reduce(0) { $0 + $1 * $1 }.squareRoot()
    var basis = [(0..<rows).flatMap { _ in start.map { $0 / norm } }]
    var diagonal = [[Double]](repeating: [], count: rows)
    var offDiagonal = [[Double]](repeating: [], count: rows)
    var found = linear.isIndefinite.map {
      $0 ? MeanFieldState.Stability(spectralRadius: .infinity, residual: 0) : nil
    }
    for step in 0..<steps {
      let back = linear.apply(toHidden: false, basis[step], rows: all)
      var next = linear.apply(toHidden: true, back, rows: all)
      for row in 0..<rows {
        let range = row * size..<(row + 1) * size
        var alpha = 0.0
        // Twice is enough (Kahan and Parlett).
        for pass in 0..<2 {
          for vector in basis {
            var projection = 0.0
            for k in range { projection += next[k] * vector[k] }
            if pass == 0 { alpha = projection }
            for k in range { next[k] -= projection * vector[k] }
          }
        }
        var beta = 0.0
        for k in range { beta += next[k] * next[k] }
        beta = beta.squareRoot()
        diagonal[row].append(alpha)
        offDiagonal[row].append(beta)
        for k in range { next[k] = beta > 1e-300 ? next[k] / beta : 0 }
        let isLast = step == steps - 1
        if found[row] == nil, step % 4 == 3 || isLast || beta < 1e-14 {
          let stability = ritz(diagonal[row], offDiagonal[row])
          if stability.residual <= MeanFieldStability.tolerance || isLast { found[row] = stability }
        }
      }
      if found.allSatisfy({ $0 != nil }) { break }
      basis.append(next)
    }
    return found.map { $0 ?? MeanFieldState.Stability(spectralRadius: 0, residual: 0) }
  }

  /// The largest Ritz value of the tridiagonal matrix and its residual, as singular values.
  private static func ritz(_ diagonal: [Double], _ offDiagonal: [Double])
    -> MeanFieldState.Stability
  {
    let count = diagonal.count
    var matrix = Matrix<Double>(rows: count, columns: count)
    for k in 0..<count {
      matrix[k, k] = diagonal[k]
      if k + 1 < count {
        matrix[k, k + 1] = offDiagonal[k]
        matrix[k + 1, k] = offDiagonal[k]
      }
    }
    guard let (values, vectors) = LinearAlgebra.symmetricEigenvalues(matrix) else {
      return MeanFieldState.Stability(spectralRadius: .infinity, residual: .infinity)
    }
    let value = Swift.max(values[count - 1], 0)
    let residual = abs(offDiagonal[count - 1] * vectors[count - 1, count - 1])
    let root = value.squareRoot()
    // |√λ − √θ| ≤ |λ − θ| / √θ, and ≤ √|λ − θ| whatever θ.
    return MeanFieldState.Stability(
      spectralRadius: root,
      residual: root > 0 ? Swift.min(residual / root, residual.squareRoot()) : residual.squareRoot()
    )
  }
}
