internal import Foundation
internal import NumericalCore

/// A mixture of products of independent spins: the law of the clustered data sets.
///
/// ```
/// p(s) = Σ_c w_c ∏_i exp(θ_ci s_i) / (2 cosh θ_ci),    s_i = ±1
/// ```
struct SpinMixture: Sendable {
  /// w_c, which sum to 1.
  let weights: [Double]
  /// θ_ci by component.
  let fields: [[Double]]

  var unitCount: Int { fields.first?.count ?? 0 }

  private static let samplesPerBlock = 256

  /// Draws samples with their components; block k of 256 samples draws from stream k, so that the
  /// samples do not depend on the number of threads.
  func sample(
    _ count: Int, seed: UInt64, workers: Workers
  ) -> (spins: BitMatrix, components: [Int]) {
    var bits = BitMatrix(rows: count, columns: unitCount)
    var components = [Int](repeating: 0, count: count)
    let wordsPerRow = bits.wordsPerRow
    let probabilities = fields.map { $0.map { 1 / (1 + exp(-2 * $0)) } }
    let size = SpinMixture.samplesPerBlock
    bits.withUnsafeMutablePointer { pointer in
      components.withUnsafeMutableBufferPointer { components in
        let target = UncheckedSendable((pointer, components))
        workers.forEach((count + size - 1) / size) { block in
          let (pointer, components) = target.value
          var stream = RandomStream(seed: seed, purpose: .generator, index: UInt64(block))
          for row in block * size..<min(count, (block + 1) * size) {
            var rest = stream.uniform()
            var component = 0
            while component < weights.count - 1, rest >= weights[component] {
              rest -= weights[component]
              component += 1
            }
            components[row] = component
            for (unit, probability) in probabilities[component].enumerated()
            where stream.uniform() < probability {
              pointer[row * wordsPerRow + unit >> 6] |= 1 << UInt64(unit & 63)
            }
          }
        }
      }
    }
    return (bits, components)
  }

  /// ln p(s) of every row.
  func logProbabilities(of spins: BitMatrix, workers: Workers) -> [Double] {
    // θ s − ln 2 cosh θ for a spin down is the base; a spin up adds 2 θ.
    let bases = fields.map { row in
      row.reduce(0) { $0 - $1 - abs($1) - log1p(exp(-2 * abs($1))) }
    }
    var result = [Double](repeating: 0, count: spins.rows)
    result.withUnsafeMutableBufferPointer { result in
      let target = UncheckedSendable(result)
      workers.forEachRange(of: spins.rows, grain: 64) { range, _ in
        for row in range {
          let words = spins.words(ofRow: row)
          var terms: [Double] = []
          for (component, field) in fields.enumerated() where weights[component] > 0 {
            var sum = bases[component] + log(weights[component])
            for (index, word) in words.enumerated() {
              var rest = word
              while rest != 0 {
                sum += 2 * field[index << 6 + rest.trailingZeroBitCount]
                rest &= rest - 1
              }
            }
            terms.append(sum)
          }
          let largest = terms.max() ?? 0
          target.value[row] = largest + log(terms.reduce(0) { $0 + exp($1 - largest) })
        }
      }
    }
    return result
  }

  /// The data set of `count` samples.
  func dataSet(name: String, count: Int, seed: UInt64, workers: Workers) -> DataSet {
    let (spins, components) = sample(count, seed: seed, workers: workers)
    var result = DataSet(values: .bits(spins), variableKind: .spin, name: name)
    result.labels = components
    result.exactLogLikelihoods = logProbabilities(of: spins, workers: workers)
    return result
  }
}
