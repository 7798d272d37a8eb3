public import Learning
public import NumericalCore

/// What moves the parameters by one unit of time: a step of descent, an epoch, or a Gaussian step of theory.
public protocol DescentStep {
  /// θ → θ'.
  mutating func advance(_ parameters: inout [Double])
}

/// Steps θ' = θ − η g_b(θ) with minibatches.
///
/// One unit of time is a step where batches are independent, and an epoch where they are not: the batches of an epoch
/// remember one another, so only ends of epochs are a Markov process.
public struct MinibatchStep<Model: FiniteSum>: DescentStep, Sendable {
  private let model: Model
  private let rate: Double
  private let updatesPerUnit: Int
  private let isRagged: Bool
  private var batches: Minibatches
  private var gradient: [Double]
  private var workspace: [Double]
  private var update = 0

  /// Steps of one chain.
  ///
  /// - Parameter updatesPerUnit: Updates in a unit of time; nil for one, and for an epoch without replacement.
  public init(
    model: Model, rate: Double, batchSize: Int, policy: MinibatchPolicy, seed: UInt64,
    chain: UInt64, updatesPerUnit: Int? = nil
  ) {
    self.model = model
    self.rate = rate
    isRagged = policy == .withoutReplacement && model.sampleCount % batchSize != 0
    batches = Minibatches(
      sampleCount: model.sampleCount, batchSize: batchSize, policy: policy,
      ragged: isRagged ? .weighted : .dropped, seed: seed, chain: chain)
    self.updatesPerUnit =
      updatesPerUnit ?? (policy == .withoutReplacement ? batches.batchesPerEpoch : 1)
    gradient = [Double](repeating: 0, count: model.parameterCount)
    workspace = [Double](repeating: 0, count: model.workspaceCount(batchSize: batchSize))
  }

  /// The updates of one unit of time.
  public mutating func advance(_ parameters: inout [Double]) {
    for _ in 0..<updatesPerUnit { updateOnce(&parameters) }
  }

  /// One update alone, in the midst of an epoch.
  mutating func updateOnce(_ parameters: inout [Double]) {
    let step = isRagged ? rate * batches.weight(update: update) : rate
    model.gradient(
      of: batches.batch(update: update), at: parameters, into: &gradient, workspace: &workspace)
    for k in parameters.indices { parameters[k] -= step * gradient[k] }
    update += 1
  }
}

/// Steps of the linear theory: θ' = θ − κ H (θ − m) + N(0, 2D).
///
/// For these the integral theorem of one step is exact at any rate, because given θ, σ ~ N(q, 2q) with q = vᵀ D⁻¹ v:
/// a measured violation is one of sums, not of theory.
public struct GaussianStep: DescentStep, Sendable {
  private let reference: [Double]
  private let drift: [Double]
  private let factor: [Double]
  private var random: NormalStream
  private var normals: [Double]
  private var moved: [Double]

  /// The steps of a drift κ H about `reference` and a diffusion D.
  ///
  /// - Throws: ``SzilardError`` where D is not positive definite.
  public init(
    hessian: Matrix<Double>, diffusion: Matrix<Double>, rate: Double, reference: [Double],
    seed: UInt64, chain: UInt64
  ) throws(SzilardError) {
    guard let factor = LinearAlgebra.choleskyFactor(diffusion.map { 2 * $0 }) else {
      throw SzilardError(.usage, "the diffusion matrix is not positive definite")
    }
    self.reference = reference
    drift = hessian.elements.map { rate * $0 }
    self.factor = factor.elements
    random = NormalStream(seed: seed, purpose: .gaussianDescent, index: chain)
    normals = reference
    moved = reference
  }

  /// θ → θ − κ H (θ − m) + N(0, 2D).
  public mutating func advance(_ parameters: inout [Double]) {
    let size = reference.count
    random.fill(&normals)
    for i in 0..<size {
      var value = parameters[i]
      for j in 0..<size { value -= drift[i * size + j] * (parameters[j] - reference[j]) }
      for j in 0...i { value += factor[i * size + j] * normals[j] }
      moved[i] = value
    }
    swap(&moved, &parameters)
  }
}
