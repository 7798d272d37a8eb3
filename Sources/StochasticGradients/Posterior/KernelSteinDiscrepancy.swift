internal import Foundation
public import NumericalCore

/// The kernel Stein discrepancy of samples from a density that is known up to its constant, as a test.
///
///     KSD² = (1/n²) Σᵢⱼ k₀(xᵢ, xⱼ),   s = ∇ln p,   k(x, y) = bᵝ,  b = c² + |x − y|²,  β = −½
///     k₀ = bᵝ sₓ·s_y − 2β bᵝ⁻¹ (sₓ − s_y)·(x − y) − 2dβ bᵝ⁻¹ − 4β(β − 1) bᵝ⁻² |x − y|²
///
/// Zero in the limit of many samples if and only if they come from p (inverse multiquadric kernel; Gorham and
/// Mackey 2017), so it sees a bias that chains agree on. With the gradients of all samples of the data; those of
/// minibatches bias it. Under the null KSD² is a degenerate V-statistic, whose law the wild bootstrap gives also for
/// correlated samples: the signs of k₀ are flipped by Wᵢ Wⱼ, W a chain of ±1 that changes sign with
/// probability ½(1 − e^(−1/τ)), τ the correlation length in samples (Chwialkowski, Strathmann, Gretton 2016).
public struct KernelSteinDiscrepancy: Sendable {
  /// KSD.
  public let value: Double
  /// The part of the bootstrap's values at least as large as the measured one, (1 + #)/(1 + draws).
  public let pValue: Double
  /// The value that one in twenty exceeds where the samples come from p.
  public let criticalValue: Double
  /// n.
  public let sampleCount: Int

  /// The discrepancy of samples.
  ///
  /// - Parameters:
  ///   - samples: x, one a row, `[n, d]`; chains one below the other.
  ///   - scores: ∇ln p at each, `[n, d]`.
  ///   - length: c.
  ///   - correlationLength: τ, in samples; below ½ they count as independent.
  ///   - chainLength: Samples of a chain: at multiples of it W begins afresh.
  ///   - draws: Of the bootstrap.
  ///   - seed: Of the bootstrap.
  /// - Complexity: O(n² (d + draws)).
  public init(
    samples: Matrix<Double>, scores: Matrix<Double>, length: Double = 1,
    correlationLength: Double = 0, chainLength: Int? = nil, draws: Int = 500, seed: UInt64 = 1,
    workers: Workers = Workers(count: 1)
  ) {
    let n = samples.rows
    precondition(scores.rows == n && scores.columns == samples.columns && n > 0)
    let kernel = KernelSteinDiscrepancy.kernel(samples, scores, length: length, workers: workers)
    let flip = correlationLength > 0.5 ? 0.5 * (1 - exp(-1 / correlationLength)) : 0.5
    let chain = chainLength ?? n
    func statistic(_ signs: [Double]?) -> Double {
      var total = 0.0
      kernel.withUnsafePointer { k in
        for i in 0..<n {
          var sum = 0.0
          let row = k + i * kernel.stride
          if let signs {
            signs.withUnsafeBufferPointer { w in for j in 0..<n { sum += row[j] * w[j] } }
            total += sum * signs[i]
          } else {
            for j in 0..<n { sum += row[j] }
            total += sum
          }
        }
      }
      return total / Double(n * n)
    }
    let square = statistic(nil)
    let replicates = workers.map(draws) { draw in
      var random = RandomStream(seed: seed, purpose: .wildBootstrap, index: UInt64(draw))
      var signs = [Double](repeating: 1, count: n)
      var sign = 1.0
      for i in 0..<n {
        if i % chain == 0 {
          sign = random.uniform() < 0.5 ? 1 : -1
        } else if random.uniform() < flip {
          sign = -sign
        }
        signs[i] = sign
      }
      return statistic(signs)
    }
    value = Swift.max(0, square).squareRoot()
    pValue = Double(1 + replicates.count { $0 >= square }) / Double(1 + draws)
    criticalValue =
      replicates.isEmpty ? .infinity : Swift.max(0, quantile(0.95, of: replicates)).squareRoot()
    sampleCount = n
  }

  /// k₀ of all pairs.
  private static func kernel(
    _ x: Matrix<Double>, _ s: Matrix<Double>, length: Double, workers: Workers
  ) -> Matrix<Double> {
    let n = x.rows
    let d = x.columns
    var result = Matrix<Double>(rows: n, columns: n)
    let stride = result.stride
    x.withUnsafePointer { x0 in
      s.withUnsafePointer { s0 in
        result.withUnsafeMutablePointer { out in
          let (px, ps, po) = (UncheckedSendable(x0), UncheckedSendable(s0), UncheckedSendable(out))
          let (strideX, strideS) = (x.stride, s.stride)
          workers.forEachRange(of: n) { range, _ in
            for i in range {
              let (xi, si) = (px.value + i * strideX, ps.value + i * strideS)
              for j in 0..<n {
                let (xj, sj) = (px.value + j * strideX, ps.value + j * strideS)
                var (square, product, along) = (0.0, 0.0, 0.0)
                for k in 0..<d {
                  let r = xi[k] - xj[k]
                  square += r * r
                  product += si[k] * sj[k]
                  along += (si[k] - sj[k]) * r
                }
                // β = −½: bᵝ = 1/√b.
                let b = length * length + square
                let root = 1 / b.squareRoot()
                let cubic = root / b
                po.value[i * stride + j] =
                  root * product + cubic * along + Double(d) * cubic - 3 * cubic / b * square
              }
            }
          }
        }
      }
    }
    return result
  }
}
