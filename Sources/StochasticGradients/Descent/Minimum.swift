internal import Foundation
public import Learning
public import NumericalCore

/// A stationary point of a loss, with its Hessian, and whether it is a minimum.
///
/// Found by Newton's method in a region of trust, whose steps are solved by conjugate gradients as long as the
/// curvature is positive (Steihaug 1983, SIAM Journal on Numerical Analysis 20, 626), and ended by steps with
/// the whole Hessian.
public struct Minimum: Sendable, Equatable {
  /// What kind of point it is.
  public enum Kind: String, Sendable, Equatable, Codable {
    /// The gradient vanishes and all eigenvalues are positive.
    case minimum
    /// Some eigenvalues vanish: there are directions along which the loss does not change.
    case flat
    /// Some eigenvalues are negative.
    case saddle
    /// The gradient does not vanish: the search ended early.
    case unconverged
  }

  /// θ*.
  public let parameters: [Double]
  /// L(θ*).
  public let value: Double
  /// |∇L| at θ*.
  public let gradientNorm: Double
  /// H, shape `[d, d]`.
  public let hessian: Matrix<Double>
  /// The eigenvalues of H, in increasing order.
  public let eigenvalues: [Double]
  /// The eigenvectors of H, one a row.
  public let modes: Matrix<Double>
  /// What kind of point it is.
  public let kind: Kind

  /// Eigenvalues up to this fraction of the largest are zero.
  public static let flatness = 1e-9

  /// Whether all eigenvalues of H are positive, so that there is a stationary state near it.
  public var isStrict: Bool { kind == .minimum }

  /// How many directions are flat, and how many go down.
  public var flatDirections: (flat: Int, descending: Int) {
    let border = Minimum.flatness * (eigenvalues.last ?? 0)
    return (
      eigenvalues.count { abs($0) <= border }, eigenvalues.count { $0 < -border }
    )
  }

  /// What is wrong with the point; nil for a minimum.
  public var problem: String? {
    let (flat, descending) = flatDirections
    switch kind {
    case .minimum: return nil
    case .flat:
      return
        "the loss is flat along \(flat) of \(eigenvalues.count) directions (smallest eigenvalues of the Hessian "
        + eigenvalues.prefix(3).map { String(format: "%.2g", $0) }.joined(separator: ", ")
        + "): there is no stationary state; add a prior (L2)"
    case .saddle:
      return
        "the Hessian has \(descending) negative eigenvalues (smallest \(String(format: "%.3g", eigenvalues.first ?? 0))): "
        + "a saddle, not a minimum; start elsewhere"
    case .unconverged:
      return
        "the gradient is still \(String(format: "%.2g", gradientNorm)): take more iterations or other starts"
    }
  }

  /// −H⁻¹ g.
  public func newtonStep(_ gradient: [Double]) -> [Double] {
    let size = gradient.count
    var result = [Double](repeating: 0, count: size)
    for mode in 0..<size {
      let vector = modes.row(mode)
      let along = zip(vector, gradient).reduce(0) { $0 + $1.0 * $1.1 } / eigenvalues[mode]
      for k in 0..<size { result[k] -= along * vector[k] }
    }
    return result
  }

  /// Parameters up to which a Hessian is taken.
  public static let maximumParameters = 3000

  /// The point as it is, judged.
  ///
  /// - Throws: ``SzilardError`` above ``maximumParameters``, or where the Hessian is not finite.
  public init(
    at parameters: [Double], of model: some FiniteSum, workers: Workers = Workers(count: 1)
  ) throws(SzilardError) {
    guard parameters.count <= Minimum.maximumParameters else {
      throw SzilardError(
        .usage,
        "\(parameters.count) parameters: the Hessian at the minimum is taken up to \(Minimum.maximumParameters)"
      )
    }
    let gradient = model.gradient(at: parameters, workers: workers)
    let hessian = model.hessian(at: parameters, workers: workers)
    guard let (values, vectors) = LinearAlgebra.symmetricEigenvalues(hessian) else {
      throw SzilardError(.badData, "the Hessian has no eigenvalues: a number is not finite")
    }
    self.parameters = parameters
    value = model.value(at: parameters, workers: workers)
    self.hessian = hessian
    eigenvalues = values
    modes = vectors
    gradientNorm = gradient.reduce(0) { $0 + $1 * $1 }.squareRoot()
    let border = Minimum.flatness * max(values.last ?? 0, -(values.first ?? 0))
    if let first = values.first, first < -border {
      kind = .saddle
    } else if let first = values.first, first <= border {
      kind = .flat
    } else {
      // The Newton step that is left, against the parameters.
      var left = 0.0
      for mode in values.indices {
        let along = zip(vectors.row(mode), gradient).reduce(0) { $0 + $1.0 * $1.1 } / values[mode]
        left += along * along
      }
      let size = parameters.reduce(0) { $0 + $1 * $1 }.squareRoot()
      kind = left.squareRoot() <= 1e-8 * (1 + size) ? .minimum : .unconverged
    }
  }

  /// The minimum that a start leads to.
  ///
  /// - Parameters:
  ///   - model: The loss.
  ///   - start: θ₀.
  ///   - iterations: Newton's steps at most.
  ///   - workers: The threads.
  /// - Throws: ``SzilardError`` where the loss is not finite at the start.
  public static func find(
    of model: some FiniteSum, from start: [Double], iterations: Int = 500,
    workers: Workers = Workers(count: 1)
  ) throws(SzilardError) -> Minimum {
    precondition(start.count == model.parameterCount, "\(start.count) parameters")
    var parameters = start
    var value = model.value(at: parameters, workers: workers)
    guard value.isFinite else {
      throw SzilardError(.badData, "the loss is not finite at the start of the search")
    }
    var radius = 0.1 * (1 + norm(start))
    for _ in 0..<iterations {
      let gradient = model.gradient(at: parameters, workers: workers)
      let (step, fall) = trustedStep(model, parameters, gradient, radius: radius, workers)
      let trial = zip(parameters, step).map { $0 + $1 }
      let next = model.value(at: trial, workers: workers)
      let ratio = fall > 0 ? (value - next) / fall : 0
      if next.isFinite, ratio > 1e-4 {
        parameters = trial
        value = next
      }
      let length = norm(step)
      if !next.isFinite || ratio < 0.25 {
        radius = 0.25 * length
      } else if ratio > 0.75, length > 0.9 * radius {
        radius *= 2
      }
      if length < 1e-9 * (1 + norm(parameters)) || fall <= 1e-14 * abs(value) { break }
    }
    let near = try Minimum(at: parameters, of: model, workers: workers)
    guard near.kind == .minimum || near.kind == .unconverged else { return near }
    // The last digits with this Hessian, while the steps still shrink.
    var last = Double.infinity
    for _ in 0..<20 {
      let step = near.newtonStep(model.gradient(at: parameters, workers: workers))
      let length = norm(step)
      guard length < last / 2, length < 0.01 * (1 + norm(parameters)) else { break }
      last = length
      for k in step.indices { parameters[k] += step[k] }
    }
    return try Minimum(at: parameters, of: model, workers: workers)
  }

  /// The step of conjugate gradients in the region of trust, and how far the quadratic model falls.
  private static func trustedStep(
    _ model: some FiniteSum, _ parameters: [Double], _ gradient: [Double], radius: Double,
    _ workers: Workers
  ) -> (step: [Double], fall: Double) {
    var step = [Double](repeating: 0, count: gradient.count)
    var residual = gradient
    var direction = gradient.map { -$0 }
    var square = dot(residual, residual)
    let target = square * min(0.25, square.squareRoot() * 1e-2) * 1e-2
    var curved = [Double](repeating: 0, count: gradient.count)
    func border() -> Double {
      // τ with |step + τ direction| = radius.
      let (a, b, c) = (
        dot(direction, direction), dot(step, direction), dot(step, step) - radius * radius
      )
      return (-b + max(0, b * b - a * c).squareRoot()) / a
    }
    func advance(_ length: Double, _ product: [Double]) {
      for k in step.indices {
        step[k] += length * direction[k]
        curved[k] += length * product[k]
      }
    }
    for _ in 0..<max(20, 2 * min(gradient.count, 150)) where square > 0 {
      let product = model.hessianProduct(
        at: parameters, with: direction, workers: workers)
      let curvature = dot(direction, product)
      guard curvature > 0 else {
        advance(border(), product)
        break
      }
      let length = square / curvature
      let reach = border()
      if length >= reach {
        advance(reach, product)
        break
      }
      advance(length, product)
      for k in residual.indices { residual[k] += length * product[k] }
      let next = dot(residual, residual)
      if next <= target { break }
      for k in direction.indices { direction[k] = next / square * direction[k] - residual[k] }
      square = next
    }
    return (step, -dot(gradient, step) - dot(step, curved) / 2)
  }
}
