public import Learning
public import NumericalCore

/// The diffusion of descent without replacement, with one epoch as the unit of time.
///
///     D = ½ Cov_orders[ η² Σ_{b > a} H_b g_a ] = (η⁴/2) Cov(X),   X = Σ_{b > a} H_b g_a
///
/// The batches of an epoch partition the samples, so the sum of their gradients has no noise: what is left
/// comes from the order in which they are used, and is of fourth order in the rate. With H_b → H the sums over
/// exchangeable batches are those of a bridge, and
///
///     D ≈ (η⁴/24) P² (P + 1) H C_b H,
///
/// P = N/B batches an epoch; the scatter of H_b about H is the rest.
public struct EpochDiffusion: Sendable, Equatable {
  /// P.
  public let batchesPerEpoch: Int
  /// Cov(X), shape `[d, d]`.
  public let orderCovariance: Matrix<Double>
  /// Orders that the covariance was taken over; all of them for 0.
  public let orders: Int

  /// D, per epoch.
  public func diffusion(rate: Double) -> Matrix<Double> {
    let factor = rate * rate * rate * rate / 2
    return orderCovariance.map { factor * $0 }
  }

  /// Doubles of Hessians of single samples that are kept; beyond them products are streamed.
  static let storedLimit = 20_000_000

  /// Cov(X) over random orders of the samples.
  ///
  /// The relative standard error of a diagonal element is √(2/orders).
  ///
  /// - Throws: ``SzilardError`` where the batch size does not divide the number of samples: an epoch then
  ///   leaves samples out, and has noise of first order.
  /// - Complexity: O(orders · N d²), and N Hessians of single samples; where these are too large to keep, orders · P
  ///   products with the Hessian of a batch.
  public static func sampled(
    of model: some FiniteSum, at parameters: [Double], batchSize: Int, orders: Int, seed: UInt64,
    workers: Workers = Workers()
  ) throws(SzilardError) -> EpochDiffusion {
    let count = try batchesPerEpoch(model.sampleCount, batchSize)
    let size = model.parameterCount
    let perBlock = 64
    let blocks = (orders + perBlock - 1) / perBlock
    let sum: OrderSum =
      model.sampleCount * size * size <= storedLimit
      ? StoredSum(of: model, at: parameters, batchSize: batchSize).sum
      : streamedSum(of: model, at: parameters, batchSize: batchSize)
    let moments = workers.map(blocks) { block -> (sum: [Double], second: [Double]) in
      var random = RandomStream(seed: seed, purpose: .epochDiffusion, index: UInt64(block))
      var order = Array(0..<model.sampleCount)
      let wanted = Swift.min(perBlock, orders - block * perBlock)
      var x = [Double](repeating: 0, count: size)
      var total = x
      var second = [Double](repeating: 0, count: size * size)
      for _ in 0..<wanted {
        order.shuffle(using: &random)
        sum(order, &x)
        add(x, &total, &second)
      }
      return (total, second)
    }
    return EpochDiffusion(
      batchesPerEpoch: count, orderCovariance: covariance(moments, size, orders, isSample: true),
      orders: orders)
  }

  /// Cov(X) over all orders, for at most nine samples.
  ///
  /// - Complexity: N! sums.
  public static func enumerated(
    of model: some FiniteSum, at parameters: [Double], batchSize: Int
  ) throws(SzilardError) -> EpochDiffusion {
    let count = try batchesPerEpoch(model.sampleCount, batchSize)
    guard model.sampleCount <= 9 else {
      throw SzilardError(.usage, "\(model.sampleCount) samples have too many orders; at most 9")
    }
    let size = model.parameterCount
    let sum = StoredSum(of: model, at: parameters, batchSize: batchSize).sum
    var x = [Double](repeating: 0, count: size)
    var total = x
    var second = [Double](repeating: 0, count: size * size)
    var number = 0
    var order = Array(0..<model.sampleCount)
    // Heap's algorithm.
    func visit(_ length: Int) {
      if length == 1 {
        sum(order, &x)
        add(x, &total, &second)
        number += 1
        return
      }
      for k in 0..<length {
        visit(length - 1)
        order.swapAt(length % 2 == 0 ? k : 0, length - 1)
      }
    }
    visit(order.count)
    return EpochDiffusion(
      batchesPerEpoch: count,
      orderCovariance: covariance([(total, second)], size, number, isSample: false), orders: 0)
  }

  /// The leading part with H_b → H: Cov(X) ≈ (P² (P + 1)/12) H C_b H.
  public static func leading(
    hessian: Matrix<Double>, noise: GradientNoise
  ) throws(SzilardError) -> EpochDiffusion {
    let count = try batchesPerEpoch(noise.sampleCount, noise.batchSize)
    let p = Double(count)
    let factor = p * p * (p + 1) / 12
    return EpochDiffusion(
      batchesPerEpoch: count,
      orderCovariance: LinearAlgebra.congruence(hessian, noise.batchCovariance).map { factor * $0 },
      orders: 0)
  }

  /// X of an order of the samples.
  private typealias OrderSum = @Sendable ([Int], inout [Double]) -> Void

  private static func batchesPerEpoch(
    _ sampleCount: Int, _ batchSize: Int
  ) throws(SzilardError) -> Int {
    guard batchSize > 0, batchSize <= sampleCount, sampleCount % batchSize == 0 else {
      throw SzilardError(
        .usage,
        "batches of \(batchSize) do not divide \(sampleCount) samples, so an epoch without replacement leaves "
          + "samples out and its diffusion is of second order in the rate; give a divisor")
    }
    return sampleCount / batchSize
  }

  private static func add(_ x: [Double], _ total: inout [Double], _ second: inout [Double]) {
    let size = x.count
    for i in 0..<size {
      total[i] += x[i]
      for j in 0...i { second[i * size + j] += x[i] * x[j] }
    }
  }

  private static func covariance(
    _ moments: [(sum: [Double], second: [Double])], _ size: Int, _ count: Int, isSample: Bool
  ) -> Matrix<Double> {
    var total = [Double](repeating: 0, count: size)
    var second = [Double](repeating: 0, count: size * size)
    for part in moments {
      for k in total.indices { total[k] += part.sum[k] }
      for k in second.indices { second[k] += part.second[k] }
    }
    var result = Matrix<Double>(rows: size, columns: size)
    let n = Double(count)
    for i in 0..<size {
      for j in 0...i {
        let value = (second[i * size + j] - total[i] * total[j] / n) / (isSample ? n - 1 : n)
        result[i, j] = value
        result[j, i] = value
      }
    }
    return result
  }

  /// X from gradients and Hessians of all samples, which are kept.
  private struct StoredSum: Sendable {
    let size: Int
    let batchSize: Int
    let gradients: [Double]
    let hessians: [Double]

    init(of model: some FiniteSum, at parameters: [Double], batchSize: Int) {
      size = model.parameterCount
      self.batchSize = batchSize
      gradients = model.sampleGradients(at: parameters).elements
      var all: [Double] = []
      all.reserveCapacity(model.sampleCount * size * size)
      for sample in 0..<model.sampleCount {
        all += model.hessian(at: parameters, of: [sample]).elements
      }
      hessians = all
    }

    @Sendable func sum(_ order: [Int], _ x: inout [Double]) {
      for k in 0..<size { x[k] = 0 }
      var before = [Double](repeating: 0, count: size)
      let scale = 1 / Double(batchSize)
      hessians.withUnsafeBufferPointer { hessians in
        gradients.withUnsafeBufferPointer { gradients in
          before.withUnsafeMutableBufferPointer { before in
            x.withUnsafeMutableBufferPointer { x in
              for first in stride(from: 0, to: order.count, by: batchSize) {
                let batch = first..<first + batchSize
                if first > 0 {
                  for place in batch {
                    var element = order[place] * size * size
                    for i in 0..<size {
                      var product = 0.0
                      for j in 0..<size {
                        product += hessians[element] * before[j]
                        element += 1
                      }
                      x[i] += scale * product
                    }
                  }
                }
                for place in batch {
                  for k in 0..<size { before[k] += scale * gradients[order[place] * size + k] }
                }
              }
            }
          }
        }
      }
    }
  }

  /// X from gradients and Hessian-vector products of batches.
  private static func streamedSum(
    of model: some FiniteSum, at parameters: [Double], batchSize: Int
  ) -> OrderSum {
    { order, x in
      var workspace = [Double](repeating: 0, count: model.workspaceCount(batchSize: batchSize))
      var before = [Double](repeating: 0, count: x.count)
      var part = before
      for k in x.indices { x[k] = 0 }
      for first in stride(from: 0, to: order.count, by: batchSize) {
        let batch = order[first..<first + batchSize]
        if first > 0 {
          model.hessianProduct(
            of: batch, at: parameters, with: before, into: &part, workspace: &workspace)
          for k in x.indices { x[k] += part[k] }
        }
        model.gradient(of: batch, at: parameters, into: &part, workspace: &workspace)
        for k in x.indices { before[k] += part[k] }
      }
    }
  }
}
