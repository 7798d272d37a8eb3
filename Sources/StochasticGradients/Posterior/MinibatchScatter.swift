public import Learning
public import NumericalCore

/// How gradients and curvatures of single samples scatter at a mode: what minibatches do to samplers.
///
/// With gᵢ, Hᵢ gradient and curvature of Lᵢ, H their mean, c = (N − B)/(B (N − 1)) and S = H⁻¹:
///
///     C_g = (1/N) Σ (gᵢ − g)(gᵢ − g)ᵀ        covariance of a batch of distinct samples: c C_g
///     w   = (1/N) Σ (Hᵢ − H)(gᵢ − g)          ½∇ tr C = c w
///     K₁  = (1/N) Σ (Hᵢ − H)²                 K = (c/2) K₁
///     R   = (1/N) Σ (Hᵢ − H) S (Hᵢ − H)       covariance of a control-variate gradient: c T R
///
/// From all samples, or from a random subset where these are many; then each is known to about
/// one over the square root of ``sampleCount``. In the basis of the directions of the curvature.
public struct MinibatchScatter: Sendable {
  /// N.
  public let populationCount: Int
  /// Samples that the averages are over.
  public let sampleCount: Int
  /// U C_g Uᵀ.
  let covariance: Matrix<Double>
  /// U w.
  let shift: [Double]
  /// U K₁ Uᵀ.
  let curvatureScatter: Matrix<Double>
  /// U R Uᵀ.
  let controlScatter: Matrix<Double>

  /// The noise at the mode.
  ///
  /// - Parameter limit: At most so many samples.
  /// - Complexity: O(n d) Hessian-vector products of single samples and O(n d³) for n samples used.
  public init(
    of model: any FiniteSum, at laplace: LaplaceApproximation, workers: Workers = Workers(count: 1),
    seed: UInt64 = 1, samples limit: Int? = nil
  ) {
    let count = model.sampleCount
    let d = model.parameterCount
    populationCount = count
    LinearAlgebra.useOneThread()
    // Enough for covariances of d parameters, as long as 2·10¹¹ multiplications do.
    let enough = Swift.max(4 * d, Swift.min(20_000, 4_000_000 / Swift.max(1, d * d)))
    let wanted = limit ?? Swift.min(enough, Swift.max(64, 200_000_000_000 / (d * d * d)))
    sampleCount = Swift.max(2, Swift.min(count, wanted))
    var chosen = Array(0..<count)
    if sampleCount < count {
      var random = RandomStream(seed: seed, purpose: .gradientNoise)
      for k in 0..<sampleCount { chosen.swapAt(k, k + random.index(below: count - k)) }
      chosen.removeLast(count - sampleCount)
    }
    let blockSize = 64
    let blocks = (chosen.count + blockSize - 1) / blockSize
    let full = model.gradient(at: laplace.mode, workers: workers)
    let parts = workers.map(blocks) { index in
      Part(
        model, laplace, gradient: full,
        samples: chosen[index * blockSize..<Swift.min((index + 1) * blockSize, chosen.count)],
        normals: NormalStream(seed: seed, purpose: .gradientNoise, index: UInt64(index), step: 1))
    }
    var total = Part(parameterCount: d)
    for part in parts { total.add(part) }
    let n = Double(chosen.count)
    func symmetric(_ matrix: Matrix<Double>) -> Matrix<Double> {
      LinearAlgebra.sum(matrix, matrix.transposed).map { $0 / (2 * n) }
    }
    covariance = laplace.inDirections(symmetric(total.gradients))
    let shift = total.shift.map { $0 / n }
    self.shift = (0..<d).map { dot(laplace.directions.row($0), shift) }
    curvatureScatter = symmetric(total.curvature)
    controlScatter = laplace.inDirections(symmetric(total.control))
  }

  /// c.
  func prefactor(batchSize: Int) -> Double {
    GradientNoise.batchFactor(populationCount, batchSize)
  }

  /// The root mean square of a component of a batch's gradient in the stationary state, over the parameters.
  func typicalGradient(
    batchSize: Int, laplace: LaplaceApproximation, temperature: Double
  ) -> Double {
    let sum = laplace.curvatures.indices.reduce(0) {
      $0 + prefactor(batchSize: batchSize) * covariance[$1, $1]
        + temperature * laplace.curvatures[$1]
    }
    return (sum / Double(laplace.parameterCount)).squareRoot()
  }

  /// The sums over some samples.
  private struct Part: Sendable {
    var gradients: Matrix<Double>
    var shift: [Double]
    var curvature: Matrix<Double>
    var control: Matrix<Double>

    init(parameterCount d: Int) {
      gradients = Matrix(rows: d, columns: d)
      shift = [Double](repeating: 0, count: d)
      curvature = Matrix(rows: d, columns: d)
      control = Matrix(rows: d, columns: d)
    }

    init(
      _ model: any FiniteSum, _ laplace: LaplaceApproximation, gradient: [Double],
      samples: ArraySlice<Int>, normals: NormalStream
    ) {
      let d = model.parameterCount
      self.init(parameterCount: d)
      var normals = normals
      var workspace = [Double](repeating: 0, count: model.workspaceCount(batchSize: 1))
      var product = [Double](repeating: 0, count: d)
      var own = product
      var draw = product
      var deviations = Matrix<Double>(rows: samples.count, columns: d)
      var controls = deviations
      for (row, sample) in samples.enumerated() {
        let one = [sample][...]
        model.gradient(of: one, at: laplace.mode, into: &own, workspace: &workspace)
        StochasticGradients.add(-1, gradient, to: &own)
        deviations.setRow(row, to: own)
        model.hessianProduct(
          of: one, at: laplace.mode, with: own, into: &product, workspace: &workspace)
        StochasticGradients.add(1, product, to: &shift)
        // (Hᵢ − H) z with z ~ N(0, S): the covariance over samples and z is R.
        normals.fill(&draw)
        var z = [Double](repeating: 0, count: d)
        var mean = z
        for k in 0..<d {
          let h = laplace.curvatures[k]
          let u = laplace.directions.row(k)
          StochasticGradients.add(draw[k] / h.squareRoot(), u, to: &z)
          StochasticGradients.add(draw[k] * h.squareRoot(), u, to: &mean)
        }
        model.hessianProduct(
          of: one, at: laplace.mode, with: z, into: &product, workspace: &workspace)
        StochasticGradients.add(-1, mean, to: &product)
        controls.setRow(row, to: product)
        // (Hᵢ − H) uₖ for all k; their products are those of the scatter.
        var images = Matrix<Double>(rows: d, columns: d)
        for k in 0..<d {
          let u = laplace.directions.row(k)
          model.hessianProduct(
            of: one, at: laplace.mode, with: u, into: &product, workspace: &workspace)
          StochasticGradients.add(-laplace.curvatures[k], u, to: &product)
          images.setRow(k, to: product)
        }
        curvature = LinearAlgebra.sum(
          curvature, LinearAlgebra.product(images, images.transposed))
      }
      gradients = LinearAlgebra.product(deviations.transposed, deviations)
      control = LinearAlgebra.product(controls.transposed, controls)
    }

    mutating func add(_ other: Part) {
      gradients = LinearAlgebra.sum(gradients, other.gradients)
      StochasticGradients.add(1, other.shift, to: &shift)
      curvature = LinearAlgebra.sum(curvature, other.curvature)
      control = LinearAlgebra.sum(control, other.control)
    }
  }
}
