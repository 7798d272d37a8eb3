public import Learning
public import NumericalCore

/// The noise of the gradient of a minibatch, at one point of the parameters.
///
///     C_g = (1/N) Σᵢ (gᵢ − g)(gᵢ − g)ᵀ,   g = (1/N) Σᵢ gᵢ
///     C_b = Cov(g_b) = c C_g,   c = (N − B) / (B (N − 1))
///
/// for B distinct samples in a batch, so that the full batch has no noise. With a step θ' = θ − η g_b
/// whose batches are independent of one another, the diffusion matrix of the Fokker–Planck equation,
/// with one step as the unit of time, is
///
///     D = (η²/2) C_b.
///
/// gᵢ is the gradient of the whole Lᵢ: where a penalty is part of each Lᵢ its gradient is part of gᵢ and of g
/// alike, and drops out of C_g. Adhikari, Kabakçıoğlu, Strang, Yuret and Hinczewski 2023,
/// arXiv 2306.03521.
public struct GradientNoise: Sendable, Equatable {
  /// N.
  public let sampleCount: Int
  /// B.
  public let batchSize: Int
  /// g.
  public let meanGradient: [Double]
  /// C_g, shape `[d, d]`.
  public let sampleCovariance: Matrix<Double>

  /// The noise of a model at given parameters.
  ///
  /// - Complexity: N gradients and O(N d²).
  public init(of model: some FiniteSum, at parameters: [Double], batchSize: Int) {
    precondition(batchSize > 0, "batches of \(batchSize)")
    sampleCount = model.sampleCount
    self.batchSize = Swift.min(batchSize, model.sampleCount)
    let mean = model.gradient(at: parameters)
    meanGradient = mean
    sampleCovariance = GradientNoise.secondMoment(model.parameterCount, count: model.sampleCount) {
      block, rows in
      var gradient = [Double](repeating: 0, count: mean.count)
      var workspace = [Double](repeating: 0, count: model.workspaceCount(batchSize: 1))
      for (row, sample) in block.enumerated() {
        model.gradient(of: [sample], at: parameters, into: &gradient, workspace: &workspace)
        for k in mean.indices { rows[row * mean.count + k] = gradient[k] - mean[k] }
      }
    }
  }

  /// c = (N − B) / (B (N − 1)), the covariance of a batch's mean over that of a sample.
  public var batchFactor: Double { GradientNoise.batchFactor(sampleCount, batchSize) }

  /// C_b = c C_g.
  public var batchCovariance: Matrix<Double> {
    let factor = batchFactor
    return sampleCovariance.map { factor * $0 }
  }

  /// D = (η²/2) C_b, per step of independent batches.
  public func diffusion(rate: Double) -> Matrix<Double> {
    let factor = rate * rate / 2 * batchFactor
    return sampleCovariance.map { factor * $0 }
  }

  /// c = (N − B) / (B (N − 1)).
  public static func batchFactor(_ sampleCount: Int, _ batchSize: Int) -> Double {
    guard batchSize < sampleCount else { return 0 }
    return Double(sampleCount - batchSize) / (Double(batchSize) * Double(sampleCount - 1))
  }

  /// C_b from batches as descent draws them: the mean of (g_b − g)(g_b − g)ᵀ over `draws` batches.
  ///
  /// Unbiased; the standard error of an element is about √((Cᵢᵢ Cⱼⱼ + Cᵢⱼ²) / draws).
  public static func resampledBatchCovariance(
    of model: some FiniteSum, at parameters: [Double], batchSize: Int, draws: Int, seed: UInt64
  ) -> Matrix<Double> {
    let mean = model.gradient(at: parameters)
    var batches = Minibatches(
      sampleCount: model.sampleCount, batchSize: batchSize, policy: .withReplacement, seed: seed,
      chain: .max)
    var gradient = [Double](repeating: 0, count: mean.count)
    var workspace = [Double](repeating: 0, count: model.workspaceCount(batchSize: batchSize))
    return secondMoment(mean.count, count: draws) { block, rows in
      for (row, draw) in block.enumerated() {
        model.gradient(
          of: batches.batch(update: draw), at: parameters, into: &gradient, workspace: &workspace)
        for k in mean.indices { rows[row * mean.count + k] = gradient[k] - mean[k] }
      }
    }
  }

  /// (1/count) Σ x xᵀ of vectors that come a block at a time.
  private static func secondMoment(
    _ size: Int, count: Int, _ fill: (Range<Int>, UnsafeMutablePointer<Double>) -> Void
  ) -> Matrix<Double> {
    let length = Swift.max(1, Swift.min(count, 256))
    var rows = [Double](repeating: 0, count: length * size)
    var sum = [Double](repeating: 0, count: size * size)
    for first in stride(from: 0, to: count, by: length) {
      let block = first..<Swift.min(first + length, count)
      rows.withUnsafeMutableBufferPointer { rows in
        sum.withUnsafeMutableBufferPointer { sum in
          guard let rows = rows.baseAddress, let sum = sum.baseAddress else { return }
          fill(block, rows)
          LinearAlgebra.multiply(
            rows: size, columns: size, inner: block.count, rows, transposingA: true, strideA: size,
            rows, strideB: size, beta: 1, into: sum, strideC: size)
        }
      }
    }
    let matrix = Matrix<Double>(rows: size, columns: size, elements: sum)
    return LinearAlgebra.sum(matrix, matrix.transposed).map { $0 / (2 * Double(count)) }
  }
}
