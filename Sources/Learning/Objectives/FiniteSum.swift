public import NumericalCore

/// An objective that is a mean over samples.
///
///     L(θ) = (1/N) Σᵢ Lᵢ(θ),   θ ∈ ℝᵈ
///
/// A loss with its regulariser is one; so is the potential U = −ln posterior of a model, with
/// Lᵢ = N uᵢ + U₀, where uᵢ is minus the log-likelihood of sample i and U₀ minus the log-prior. Descent and
/// sampling need no more than this, so a user's own model is a type that conforms: two methods, of which
/// the gradient is called at each step.
///
/// The parameters are doubles: the displacements of a step are below the resolution of a float.
public protocol FiniteSum: Sendable {
  /// N, the number of samples.
  var sampleCount: Int { get }
  /// d, the number of parameters.
  var parameterCount: Int { get }
  /// How many numbers of its own an evaluation over a batch needs; callers keep them from one call to the
  /// next. None by default.
  func workspaceCount(batchSize: Int) -> Int
  /// gradient ← (1/|b|) Σ_{i ∈ b} ∇Lᵢ(θ).
  ///
  /// - Parameters:
  ///   - batch: b, numbers of samples below ``sampleCount``; not empty.
  ///   - parameters: θ, ``parameterCount`` of them.
  ///   - gradient: Where it goes, ``parameterCount`` numbers, which hold anything before.
  ///   - workspace: At least ``workspaceCount(batchSize:)`` numbers, which hold anything.
  func gradient(
    of batch: ArraySlice<Int>, at parameters: [Double], into gradient: inout [Double],
    workspace: inout [Double])
  /// (1/|b|) Σ_{i ∈ b} Lᵢ(θ).
  func value(of batch: ArraySlice<Int>, at parameters: [Double], workspace: inout [Double])
    -> Double
  /// product ← (1/|b|) Σ_{i ∈ b} ∇²Lᵢ(θ) v.
  ///
  /// By default from central differences of the gradient along v, which is right to about 10⁻⁹ of the
  /// product where third derivatives are of the order of second ones.
  func hessianProduct(
    of batch: ArraySlice<Int>, at parameters: [Double], with direction: [Double],
    into product: inout [Double], workspace: inout [Double])
  /// (1/|b|) Σ_{i ∈ b} ∇²Lᵢ(θ), symmetric, shape `[d, d]`.
  ///
  /// By default from d products with the unit vectors.
  func hessian(of batch: ArraySlice<Int>, at parameters: [Double]) -> Matrix<Double>
}

extension FiniteSum {
  /// No numbers of its own.
  public func workspaceCount(batchSize: Int) -> Int { 0 }

  /// Central differences of the gradient: (∇L(θ + εv) − ∇L(θ − εv)) / 2ε with ε = 6·10⁻⁶ (1 + |θ|)/|v|.
  public func hessianProduct(
    of batch: ArraySlice<Int>, at parameters: [Double], with direction: [Double],
    into product: inout [Double], workspace: inout [Double]
  ) {
    let length = norm(direction)
    guard length > 0 else {
      for k in product.indices { product[k] = 0 }
      return
    }
    // The cube root of the rounding error balances it with that of the difference.
    let epsilon = 6e-6 * (1 + norm(parameters)) / length
    var other = [Double](repeating: 0, count: parameterCount)
    var shifted = parameters
    for k in shifted.indices { shifted[k] = parameters[k] + epsilon * direction[k] }
    gradient(of: batch, at: shifted, into: &product, workspace: &workspace)
    for k in shifted.indices { shifted[k] = parameters[k] - epsilon * direction[k] }
    gradient(of: batch, at: shifted, into: &other, workspace: &workspace)
    for k in product.indices { product[k] = (product[k] - other[k]) / (2 * epsilon) }
  }

  /// The products with the unit vectors, as columns.
  public func hessian(of batch: ArraySlice<Int>, at parameters: [Double]) -> Matrix<Double> {
    var direction = [Double](repeating: 0, count: parameterCount)
    var column = direction
    var workspace = [Double](repeating: 0, count: workspaceCount(batchSize: batch.count))
    var result = Matrix<Double>(rows: parameterCount, columns: parameterCount)
    for k in direction.indices {
      direction[k] = 1
      hessianProduct(
        of: batch, at: parameters, with: direction, into: &column, workspace: &workspace)
      direction[k] = 0
      result.setRow(k, to: column)
    }
    return LinearAlgebra.sum(result, result.transposed).map { $0 / 2 }
  }

  private func norm(_ x: [Double]) -> Double { x.reduce(0) { $0 + $1 * $1 }.squareRoot() }
}
