internal import Foundation
internal import NumericalCore

/// What the weights of the multistate acceptance ratio say: covariance, overlap, effective samples.
struct MultistateCovariance: Sendable {
  let covariance: Matrix<Double>
  let overlapMatrix: Matrix<Double>
  let gap: Double
  let effectiveSampleSizes: [Double]
  /// Samples that carry the weakest overlap on the best chain between two states.
  let bridges: Matrix<Double>

  init(_ equations: MultistateEquations, _ solution: MultistateEquations.Solution) {
    let states = equations.stateCount
    let counts = equations.counts
    let rows = (0..<states).map {
      equations.weights(of: $0, solution.f, solution.denominators)
    }
    var products = Matrix<Double>(rows: states, columns: states)
    for i in 0..<states {
      for j in 0...i {
        var sum = 0.0
        for n in 0..<equations.sampleCount { sum += rows[i][n] * rows[j][n] }
        products[i, j] = sum
        products[j, i] = sum
      }
    }
    effectiveSampleSizes = (0..<states).map { 1 / products[$0, $0] }
    var overlap = products
    for i in 0..<states {
      for j in 0..<states { overlap[i, j] *= counts[j] }
    }
    overlapMatrix = overlap
    gap = MultistateCovariance.gap(products, counts, equations.sampled)
    covariance = MultistateCovariance.covariance(products, counts)
    bridges = MultistateCovariance.bridges(
      equations, solution.f, overlap, effectiveSampleSizes)
  }

  /// Var(f_to − f_from); infinite where it could not be computed.
  func variance(_ from: Int, _ to: Int) -> Double {
    let value = covariance[from, from] + covariance[to, to] - 2 * covariance[from, to]
    return value.isNaN ? .infinity : Swift.max(0, value)
  }

  /// 1 − λ₂ of the overlap matrix of the sampled states, through the symmetric N^½ WᵀW N^½.
  private static func gap(
    _ products: Matrix<Double>, _ counts: [Double], _ sampled: [Int]
  ) -> Double {
    guard sampled.count > 1 else { return 1 }
    var symmetric = Matrix<Double>(rows: sampled.count, columns: sampled.count)
    for (i, a) in sampled.enumerated() {
      for (j, b) in sampled.enumerated() {
        symmetric[i, j] = products[a, b] * (counts[a] * counts[b]).squareRoot()
      }
    }
    guard let values = LinearAlgebra.symmetricEigenvalues(symmetric)?.values else { return 0 }
    return Swift.min(1, Swift.max(0, 1 - values[values.count - 2]))
  }

  /// Θ = V Σ (1 − Σ Vᵀ N V Σ)⁺ Σ Vᵀ, with WᵀW = V Σ² Vᵀ.
  private static func covariance(
    _ products: Matrix<Double>, _ counts: [Double]
  ) -> Matrix<Double> {
    let states = products.rows
    var result = Matrix<Double>(rows: states, columns: states)
    func unknown() -> Matrix<Double> { products.map { _ in Double.nan } }
    guard let (squares, vectors) = LinearAlgebra.symmetricEigenvalues(products) else {
      return unknown()
    }
    // Row k of `scaled` is σ_k v_k.
    var scaled = vectors
    for k in 0..<states {
      let sigma = Swift.max(0, squares[k]).squareRoot()
      for i in 0..<states { scaled[k, i] = sigma * vectors[k, i] }
    }
    var inner = Matrix<Double>(rows: states, columns: states)
    for k in 0..<states {
      for l in 0...k {
        var sum = 0.0
        for i in 0..<states { sum += counts[i] * scaled[k, i] * scaled[l, i] }
        inner[k, l] = (k == l ? 1 : 0) - sum
        inner[l, k] = inner[k, l]
      }
    }
    guard let (values, modes) = LinearAlgebra.symmetricEigenvalues(inner) else {
      return unknown()
    }
    for m in 0..<states where values[m] > 1e-11 {
      var direction = [Double](repeating: 0, count: states)
      for k in 0..<states {
        for i in 0..<states { direction[i] += modes[m, k] * scaled[k, i] }
      }
      for i in 0..<states {
        for j in 0..<states { result[i, j] += direction[i] * direction[j] / values[m] }
      }
    }
    return result
  }

  /// For each pair of states, the number of samples that carry the weakest overlap of neighbours on the best
  /// chain of sampled states between them.
  ///
  /// A state without samples hangs on the sampled
  /// states that its weight comes from.
  private static func bridges(
    _ equations: MultistateEquations, _ f: [Double], _ overlap: Matrix<Double>, _ sizes: [Double]
  ) -> Matrix<Double> {
    let states = equations.stateCount
    var result = Matrix<Double>(rows: states, columns: states)
    for (index, i) in equations.sampled.enumerated() {
      result[i, i] = .infinity
      for j in equations.sampled[..<index] {
        let size = crossingSamples(equations.works(j, i), equations, j, i, f[i] - f[j])
        result[i, j] = size
        result[j, i] = size
      }
    }
    for via in equations.sampled {
      for i in equations.sampled {
        for j in equations.sampled {
          result[i, j] = Swift.max(result[i, j], Swift.min(result[i, via], result[via, j]))
        }
      }
    }
    for k in 0..<states where equations.counts[k] == 0 {
      // Sources of more than a thousandth of the weight.
      let sources = equations.sampled.filter { overlap[k, $0] > 1e-3 }
      for i in 0..<states where i != k && (equations.counts[i] > 0 || i < k) {
        let weakest = sources.map { result[i, $0] }.min() ?? 0
        result[k, i] = Swift.min(sizes[k], weakest)
        result[i, k] = result[k, i]
      }
    }
    return result
  }

  /// Samples of two states that could as well belong to the other: (Σg)²/Σg² with g = f (1 − f), f the
  /// acceptances of their acceptance ratio; no more than Σg where that is below two.
  private static func crossingSamples(
    _ works: (forward: [Double], reverse: [Double]), _ equations: MultistateEquations, _ a: Int,
    _ b: Int, _ difference: Double
  ) -> Double {
    let ratio = log(equations.counts[a] / equations.counts[b])
    // ln f(x) + ln(1 − f(x)) = −|x| − 2 ln(1 + e^−|x|)
    let logs =
      (works.forward.map { abs(ratio + $0 - difference) }
      + works.reverse.map { abs(-ratio + $0 + difference) }).map { -$0 - 2 * log1p(exp(-$0)) }
    let sum = logSumExp(logs)
    let size = exp(2 * sum - logSumExp(logs.map { 2 * $0 }))
    return sum < log(BennettAcceptanceRatio.minimumCrossing) ? Swift.min(exp(sum), size) : size
  }
}
