internal import Foundation
internal import Learning
public import NumericalCore

/// Entropy production per lag from a network that learns it.
///
///     σ(z) = h(z) − h(z̃),   z̃ the pair backwards;       maximise ⟨σ − e^{−σ}⟩
///
/// The maximum is the logarithm of the ratio of both densities, σ = ln p(z)/p(z̃), and there ⟨σ⟩ is the
/// entropy production per lag; anywhere 1 + ⟨σ − e^{−σ}⟩ is a lower bound of it
/// (``EntropyProductionEstimate/bound``). Kim, Bae, Lee and Jeong 2020, Physical Review Letters 125, 140604,
/// with the pair given as its middle and displacement (``GaussianLag``), whitened, in place of its ends. The
/// network h is dense, with two layers of tanh units. It is trained on every other block, some of
/// which tell when to stop, and ⟨σ⟩ is taken over the rest; and the other way round. What a network has not
/// learned is missing, so the value tends to be too small; per pair it must stand out of the noise of its
/// sampling, √(2⟨σ⟩/n), so a longer lag helps where little is produced per step.
///
/// - Complexity: O(updates · batch · weights).
public enum NeuralEntropyProduction {
  /// How the network is trained.
  public struct Options: Sendable, Equatable {
    /// Units in each of the two hidden layers.
    public var hiddenUnits = 24
    /// Pairs of a batch.
    public var batchSize = 512
    /// Updates at most; the learning rate falls to zero over them.
    public var updates = 2000
    /// The learning rate of Adam at the beginning.
    public var learningRate = 5e-3
    /// Updates from one look at the blocks that tell when to stop to the next.
    public var updatesBetweenLooks = 50
    /// Looks without a better value after which training ends.
    public var patience = 8

    /// The defaults.
    public init() {}
  }

  /// Pairs that are used at most; more are thinned evenly.
  public static let maximumPairs = 400_000
  /// Pairs that tell when to stop, at most.
  private static let stoppingPairs = 16_384

  /// The estimate of stationary trajectories.
  ///
  /// - Parameters as of ``GaussianLag``; `progress` is told the share of the updates done.
  /// - Throws: ``SzilardError`` of kind `usage` for a lag that no chain holds.
  public static func estimate(
    _ trajectories: Trajectories, lag: Int = 1, options: Options = Options(),
    confidence: Double = 0.95, replicates: Int = 999, seed: UInt64 = 1,
    workers: Workers = Workers(count: 1), progress: @escaping @Sendable (Double) -> Void = { _ in }
  ) throws(SzilardError) -> EntropyProductionEstimate {
    LinearAlgebra.useOneThread()
    try GaussianLag.checkLag(lag, trajectories)
    let method = "network: the mean of a learned entropy production over blocks held out"
    let blocks = TrajectoryBlocks(trajectories, minimumLength: lag)
    func unresolved(_ reason: String) -> EntropyProductionEstimate {
      .unresolved(.neural, reason, method: method, lag: lag, blocks: blocks)
    }
    if let problem = blocks.problem { return unresolved(problem) }
    guard let pairs = TimePairs(blocks, lag: lag, limit: maximumPairs) else {
      return unresolved("the displacements are singular, or the blocks are too few")
    }
    let network = DenseNetwork(
      layerSizes: [pairs.size, options.hiddenUnits, options.hiddenUnits, 1])
    // Half h is held out of the training of network h.
    let results = workers.map(2) { half -> [(block: Int, values: [Double])] in
      let others = pairs.blocks.indices.filter { $0 % 2 != half }
      let stopping = others.enumerated().filter { $0.offset % 4 == 3 }.map(\.element)
      let parameters = train(
        network, on: others.filter { !stopping.contains($0) }.flatMap { pairs.blocks[$0] },
        stopping: thinned(stopping.flatMap { pairs.blocks[$0] }, size: pairs.size),
        options: options, seed: seed, index: UInt64(half)
      ) { if half == 0 { progress($0) } }
      return pairs.blocks.indices.filter { $0 % 2 == half }.map {
        ($0, values(network, parameters, pairs.blocks[$0]))
      }
    }
    let parts = results.flatMap { $0 }.sorted { $0.block < $1.block }.map(\.values)
    let all = parts.flatMap { $0 }
    guard all.allSatisfy(\.isFinite) else { return unresolved("the training diverged") }
    return EntropyProductionEstimate(
      kind: .neural, ofBlocks: parts, confidence: confidence,
      method: method + (pairs.thinning > 1 ? ", every \(pairs.thinning)th pair" : ""), lag: lag,
      blocks: blocks, replicates: replicates, seed: seed, bound: 1 + objective(all))
  }

  /// Every so many points, such that few enough are left.
  private static func thinned(_ points: [Double], size: Int) -> [Double] {
    let step = points.count / size / stoppingPairs + 1
    return stride(from: 0, to: points.count, by: step * size).flatMap { points[$0..<($0 + size)] }
  }

  /// ⟨σ − e^{−σ}⟩.
  private static func objective(_ values: [Double]) -> Double {
    mean(of: values.map { $0 - exp(min(-$0, 50)) })
  }

  /// Points and, below them, the same backwards.
  private static func bothWays(_ points: ArraySlice<Double>, size: Int) -> Matrix<Float> {
    let count = points.count / size
    var result = [Float](repeating: 0, count: 2 * points.count)
    for (place, value) in points.enumerated() {
      result[place] = Float(value)
      result[points.count + place] = Float(place % size < size / 2 ? value : -value)
    }
    return Matrix(rows: 2 * count, columns: size, elements: result)
  }

  /// σ of points.
  private static func values(
    _ network: DenseNetwork, _ parameters: [Double], _ points: [Double]
  ) -> [Double] {
    let size = network.inputCount
    var result: [Double] = []
    for start in stride(from: 0, to: points.count, by: 4096 * size) {
      let part = points[start..<min(points.count, start + 4096 * size)]
      let outputs = network.forward(bothWays(part, size: size), parameters: parameters).outputs
      let count = outputs.count / 2
      result += (0..<count).map { outputs[$0] - outputs[count + $0] }
    }
    return result
  }

  /// The parameters with the best objective on the points that tell when to stop.
  private static func train(
    _ network: DenseNetwork, on points: [Double], stopping: [Double], options: Options,
    seed: UInt64, index: UInt64, progress: (Double) -> Void
  ) -> [Double] {
    let size = network.inputCount
    let count = points.count / size
    var parameters = Matrix(
      rows: 1, columns: network.parameterCount,
      elements: network.initialParameters(seed: seed, index: index).map { Float($0) })
    var optimizer = Optimizer(
      rule: .adam(firstDecay: 0.9, secondDecay: 0.999, epsilon: 1e-8),
      shapes: [(1, network.parameterCount)])
    let batchSize = min(options.batchSize, count)
    var best = parameters.elements.map { Double($0) }
    var bestValue = objective(values(network, best, stopping))
    var looksWithout = 0
    var random = RandomStream(seed: seed, purpose: .neuralEntropyProduction, index: index)
    for update in 1...max(1, options.updates) {
      var batch: [Double] = []
      batch.reserveCapacity(batchSize * size)
      for _ in 0..<batchSize {
        let row = random.index(below: count)
        batch += points[(row * size)..<((row + 1) * size)]
      }
      let theta = parameters.elements.map { Double($0) }
      let pass = network.forward(bothWays(batch[...], size: size), parameters: theta)
      let outputs = pass.outputs
      // ∂/∂σ ⟨σ − e^{−σ}⟩ = 1 + e^{−σ}; large terms are bounded, as at the beginning σ means nothing.
      var slopes = [Double](repeating: 0, count: outputs.count)
      for k in 0..<batchSize {
        let sigma = outputs[k] - outputs[batchSize + k]
        slopes[k] = (1 + exp(min(-sigma, 5))) / Double(batchSize)
        slopes[batchSize + k] = -slopes[k]
      }
      let gradient = network.backward(pass, outputGradients: slopes, parameters: theta)
      optimizer.beginUpdate()
      optimizer.apply(
        slot: 0,
        gradient: Matrix(rows: 1, columns: gradient.count, elements: gradient.map { Float($0) }),
        to: &parameters,
        rate: options.learningRate * (1 - Double(update - 1) / Double(options.updates)),
        workers: Workers(count: 1))
      guard update % options.updatesBetweenLooks == 0 || update == options.updates else { continue }
      progress(Double(update) / Double(options.updates))
      let present = parameters.elements.map { Double($0) }
      let value = objective(values(network, present, stopping))
      if value > bestValue {
        (best, bestValue, looksWithout) = (present, value, 0)
      } else {
        looksWithout += 1
        if looksWithout >= options.patience { break }
      }
    }
    return best
  }
}
