public import Learning
public import NumericalCore

/// Stochastic-gradient descent and sampling of linear regression, whose moments are known at any rate.
///
/// The gradient is linear, so with δ = θ − m from the minimum and batch means H_b, g_b of curvature and of
/// gradient at m a step is
///
///     δ ← (1 − η H_b) δ − η g_b + √(2ηT) ξ
///
/// and the first two moments of δ close. T = 0 is descent; T = 1 sampling, if the mean over samples is the
/// potential.
public struct LinearRegressionMoments: Sendable {
  /// m.
  public let minimum: [Double]
  /// H.
  public let curvature: Matrix<Double>
  /// N.
  public let sampleCount: Int
  /// Hᵢ, row by row, one sample behind the other.
  let curvatures: [Double]
  /// gᵢ at m, one sample behind the other.
  let gradients: [Double]

  /// The moments of a linear model with Gaussian response.
  ///
  /// - Throws: ``SzilardError`` where the response is not Gaussian or the minimum is not unique.
  public init(of model: LinearModel) throws(SzilardError) {
    guard case .gaussian(let deviation) = model.response else {
      throw SzilardError(.usage, "moments close for linear regression alone")
    }
    let d = model.parameterCount
    let origin = [Double](repeating: 0, count: d)
    let curvature = model.hessian(at: origin)
    let force = model.gradient(at: origin).map { -$0 }
    guard LinearAlgebra.choleskyFactor(curvature) != nil,
      let minimum = LinearAlgebra.solve(curvature, Matrix(rows: d, columns: 1, elements: force))
    else {
      throw SzilardError(.badData, "the minimum is not unique: columns depend on one another")
    }
    self.curvature = curvature
    self.minimum = minimum.elements
    sampleCount = model.sampleCount
    gradients = model.sampleGradients(at: minimum.elements).elements
    let scale = model.lossScale / (deviation * deviation)
    var curvatures: [Double] = []
    curvatures.reserveCapacity(model.sampleCount * d * d)
    for sample in 0..<model.sampleCount {
      let x = model.inputs.row(sample).map { Double($0) }
      for i in 0..<d {
        for j in 0..<d {
          curvatures.append(scale * x[i] * x[j] + (i == j ? model.priorPrecision : 0))
        }
      }
    }
    self.curvatures = curvatures
  }

  /// d.
  public var parameterCount: Int { minimum.count }

  /// Independent batches of B distinct samples, recorded after each step.
  ///
  ///     S = (1 − ηH) S (1 − ηH) + η² c ⟨(Hᵢ − H) S (Hᵢ − H)⟩ + η² c ⟨gᵢ gᵢᵀ⟩ + 2ηT,   c = (N − B)/(B(N − 1))
  ///
  /// The mean is the minimum. B = N is descent, or Langevin sampling, with full gradients.
  ///
  /// - Returns: nil where the rate is so large that there is no stationary state.
  /// - Complexity: O(N d⁴ + d⁶).
  public func withReplacement(
    rate eta: Double, batchSize: Int, temperature: Double
  ) -> StationaryMoments? {
    let d = parameterCount
    let (n, b) = (Double(sampleCount), Double(Swift.min(batchSize, sampleCount)))
    let c = n > b ? (n - b) / (b * (n - 1)) : 0
    let map = LinearAlgebra.sum(LinearAlgebra.identity(d), curvature, factor: -eta)
    var square = kronecker(map.elements)
    var noise = [Double](repeating: 0, count: d * d)
    for k in 0..<d { noise[k * d + k] = 2 * eta * temperature }
    let mean = curvature.elements
    for sample in 0..<sampleCount {
      let scatter = (0..<d * d).map { curvatures[sample * d * d + $0] - mean[$0] }
      addKronecker(scatter, factor: eta * eta * c / n, to: &square)
      for i in 0..<d {
        for j in 0..<d {
          noise[i * d + j] +=
            eta * eta * c / n * gradients[sample * d + i] * gradients[sample * d + j]
        }
      }
    }
    let moments = EpochMoments(
      count: 1, map: map.elements, square: square, shift: [Double](repeating: 0, count: d),
      noise: noise, cross: [Double](repeating: 0, count: d * d * d))
    return moments.stationary(parameterCount: d)
  }

  /// The orders of the samples in an epoch over which moments are averaged.
  public enum Orders: Sendable {
    /// All that differ; for few samples.
    case all
    /// So many drawn at random, each also backwards: the error of what they leave falls as the square root.
    case sampled(Int, seed: UInt64)
  }

  /// Batches cut from one order of the samples per epoch, recorded at the ends of epochs.
  ///
  /// An epoch is δ' = M δ + c + noise of covariance Q, with M, c and Q given by the order; over the orders
  ///
  ///     ⟨δ⟩ = ⟨M⟩⟨δ⟩ + ⟨c⟩,   ⟨δδᵀ⟩ = ⟨M ⟨δδᵀ⟩ Mᵀ⟩ + ⟨M⟨δ⟩cᵀ⟩ + ⟨c⟨δ⟩ᵀMᵀ⟩ + ⟨c cᵀ⟩ + ⟨Q⟩.
  ///
  /// The noise of Leimkuhler and Matthews couples steps; x = θ − a ξ, a = √(ηT/2), is a chain without that,
  /// x ← x − η g_b(x + aξ) + 2aξ, and S = Cov(x) + a².
  ///
  /// - Precondition: B divides N.
  /// - Returns: nil where the rate is so large that there is no stationary state.
  /// - Complexity: O(N d² + P d³ + d⁴) an order, and O(d⁶).
  public func withoutReplacement(
    rate: Double, batchSize: Int, temperature: Double, noise: LangevinNoise = .step,
    orders: Orders, workers: Workers = Workers(count: 1)
  ) -> StationaryMoments? {
    precondition(sampleCount % batchSize == 0, "\(batchSize) does not divide \(sampleCount)")
    let d = parameterCount
    let zero = EpochMoments(parameterCount: d)
    func add(_ order: [Int], to sum: inout EpochMoments) {
      sum.add(
        EpochMap(
          self, order: order, rate: rate, batchSize: batchSize, temperature: temperature,
          noise: noise))
    }
    var sum = zero
    switch orders {
    case .all:
      forEachPartition(batchSize: batchSize) { add($0, to: &sum) }
    case .sampled(let count, let seed):
      let blockSize = 64
      let parts = workers.map((count + blockSize - 1) / blockSize) { block in
        var part = zero
        for index in block * blockSize..<Swift.min((block + 1) * blockSize, count) {
          var stream = RandomStream(seed: seed, purpose: .shuffle, index: UInt64(index))
          var order = Array(0..<sampleCount)
          order.shuffle(using: &stream)
          add(order, to: &part)
          order.reverse()
          add(order, to: &part)
        }
        return part
      }
      for part in parts { sum.add(part) }
    }
    guard let moments = sum.stationary(parameterCount: d) else { return nil }
    guard noise == .leimkuhlerMatthews else { return moments }
    return StationaryMoments(
      shift: moments.shift,
      covariance: LinearAlgebra.sum(
        moments.covariance, LinearAlgebra.identity(d), factor: rate * temperature / 2),
      propagator: moments.propagator)
  }

  /// Each way to cut the samples into batches, once; the order inside a batch does not matter.
  private func forEachPartition(batchSize: Int, _ body: ([Int]) -> Void) {
    var order: [Int] = []
    var isUsed = [Bool](repeating: false, count: sampleCount)
    func extend() {
      if order.count == sampleCount { return body(order) }
      // Inside a batch samples ascend.
      let first = order.count % batchSize == 0 ? 0 : (order.last ?? 0) + 1
      for sample in Swift.min(first, sampleCount)..<sampleCount where !isUsed[sample] {
        isUsed[sample] = true
        order.append(sample)
        extend()
        order.removeLast()
        isUsed[sample] = false
      }
    }
    extend()
  }
}

/// The map of one epoch: M, c, Q.
private struct EpochMap {
  var map: [Double]
  var shift: [Double]
  var noise: [Double]

  init(
    _ model: LinearRegressionMoments, order: [Int], rate eta: Double, batchSize: Int,
    temperature: Double, noise kind: LangevinNoise
  ) {
    let d = model.parameterCount
    let steps = order.count / batchSize
    map = (0..<d * d).map { $0 % (d + 1) == 0 ? 1 : 0 }
    shift = [Double](repeating: 0, count: d)
    noise = [Double](repeating: 0, count: d * d)
    var step = map
    for batch in 0..<steps {
      // The step 1 − η H_b and the kick −η g_b.
      for k in step.indices { step[k] = k % (d + 1) == 0 ? 1 : 0 }
      var kick = [Double](repeating: 0, count: d)
      let weight = eta / Double(batchSize)
      for sample in order[batch * batchSize..<(batch + 1) * batchSize] {
        for k in 0..<d * d { step[k] -= weight * model.curvatures[sample * d * d + k] }
        for k in 0..<d { kick[k] -= weight * model.gradients[sample * d + k] }
      }
      map = product(step, map, d)
      for i in 0..<d {
        for j in 0..<d { kick[i] += step[i * d + j] * shift[j] }
      }
      shift = kick
      noise = productTransposed(product(step, noise, d), step, d)
      switch kind {
      case .step:
        for k in 0..<d { noise[k * (d + 1)] += 2 * eta * temperature }
      case .leimkuhlerMatthews:
        // a (2 − η H_b) = a (1 + step).
        var factor = step
        for k in 0..<d { factor[k * (d + 1)] += 1 }
        let fresh = productTransposed(factor, factor, d)
        for k in noise.indices { noise[k] += eta * temperature / 2 * fresh[k] }
      case .epoch: break
      }
    }
    if kind == .epoch {
      for k in 0..<d { noise[k * (d + 1)] += 2 * eta * temperature * Double(steps) }
    }
  }
}

/// Sums over orders of what the stationary moments need.
private struct EpochMoments {
  /// Orders.
  var count = 0.0
  /// Σ M.
  var map: [Double]
  /// Σ M ⊗ M.
  var square: [Double]
  /// Σ c.
  var shift: [Double]
  /// Σ c cᵀ + Q.
  var noise: [Double]
  /// Σ Mᵢⱼ cₖ.
  var cross: [Double]

  init(
    count: Double, map: [Double], square: [Double], shift: [Double], noise: [Double],
    cross: [Double]
  ) {
    self.count = count
    self.map = map
    self.square = square
    self.shift = shift
    self.noise = noise
    self.cross = cross
  }

  init(parameterCount d: Int) {
    func zeros(_ count: Int) -> [Double] { [Double](repeating: 0, count: count) }
    self.init(
      count: 0, map: zeros(d * d), square: zeros(d * d * d * d), shift: zeros(d),
      noise: zeros(d * d), cross: zeros(d * d * d))
  }

  mutating func add(_ epoch: EpochMap) {
    let d = shift.count
    count += 1
    for k in map.indices { map[k] += epoch.map[k] }
    addKronecker(epoch.map, factor: 1, to: &square)
    for k in shift.indices { shift[k] += epoch.shift[k] }
    for i in 0..<d {
      for j in 0..<d {
        noise[i * d + j] += epoch.noise[i * d + j] + epoch.shift[i] * epoch.shift[j]
      }
    }
    for k in 0..<d * d {
      for l in 0..<d { cross[k * d + l] += epoch.map[k] * epoch.shift[l] }
    }
  }

  mutating func add(_ other: EpochMoments) {
    count += other.count
    for k in map.indices { map[k] += other.map[k] }
    for k in square.indices { square[k] += other.square[k] }
    for k in shift.indices { shift[k] += other.shift[k] }
    for k in noise.indices { noise[k] += other.noise[k] }
    for k in cross.indices { cross[k] += other.cross[k] }
  }

  /// The fixed point of the two moments; nil where they grow.
  func stationary(parameterCount d: Int) -> StationaryMoments? {
    let mean = Matrix(rows: d, columns: d, elements: map.map { $0 / count })
    let rest = LinearAlgebra.sum(LinearAlgebra.identity(d), mean, factor: -1)
    guard
      let fixed = LinearAlgebra.solve(
        rest, Matrix(rows: d, columns: 1, elements: shift.map { $0 / count }))
    else { return nil }
    let mu = fixed.elements
    var right = noise.map { $0 / count }
    for i in 0..<d {
      for k in 0..<d {
        // ⟨M μ cᵀ⟩ and its transpose.
        let value = (0..<d).reduce(0) { $0 + cross[(i * d + $1) * d + k] * mu[$1] } / count
        right[i * d + k] += value
        right[k * d + i] += value
      }
    }
    let system = LinearAlgebra.sum(
      LinearAlgebra.identity(d * d),
      Matrix(rows: d * d, columns: d * d, elements: square.map { $0 / count }), factor: -1)
    guard
      let second = LinearAlgebra.solve(
        system, Matrix(rows: d * d, columns: 1, elements: right))
    else { return nil }
    var covariance = Matrix<Double>(rows: d, columns: d)
    for i in 0..<d {
      for j in 0..<d {
        covariance[i, j] =
          (second[i * d + j, 0] + second[j * d + i, 0]) / 2 - mu[i] * mu[j]
      }
    }
    // A growing second moment has a formal solution that is no covariance.
    guard LinearAlgebra.choleskyFactor(covariance) != nil else { return nil }
    return StationaryMoments(shift: mu, covariance: covariance, propagator: mean)
  }
}

// Square matrices of d × d, row by row, small enough that calls would cost more than sums.

private func product(_ a: [Double], _ b: [Double], _ d: Int) -> [Double] {
  var c = [Double](repeating: 0, count: d * d)
  for i in 0..<d {
    for k in 0..<d {
      for j in 0..<d { c[i * d + j] += a[i * d + k] * b[k * d + j] }
    }
  }
  return c
}

/// a bᵀ.
private func productTransposed(_ a: [Double], _ b: [Double], _ d: Int) -> [Double] {
  var c = [Double](repeating: 0, count: d * d)
  for i in 0..<d {
    for j in 0..<d {
      for k in 0..<d { c[i * d + j] += a[i * d + k] * b[j * d + k] }
    }
  }
  return c
}

/// a ⊗ a, of which row (i, j) and column (k, l) are aᵢₖ aⱼₗ.
private func kronecker(_ a: [Double]) -> [Double] {
  var result = [Double](repeating: 0, count: a.count * a.count)
  addKronecker(a, factor: 1, to: &result)
  return result
}

/// sum += factor · a ⊗ a.
private func addKronecker(_ a: [Double], factor: Double, to sum: inout [Double]) {
  let d = Int(Double(a.count).squareRoot())
  for i in 0..<d {
    for j in 0..<d {
      for k in 0..<d {
        for l in 0..<d {
          sum[((i * d + j) * d + k) * d + l] += factor * a[i * d + k] * a[j * d + l]
        }
      }
    }
  }
}
