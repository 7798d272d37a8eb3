import CSzilardKernels
import TestSupport
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Gradients of a batch and the normals of Langevin steps.
@Suite struct GradientTests {
  private static func number(_ k: Int) -> Double { sin(Double(k) * 1.7 + 0.3) }

  private static func slope(_ response: szk_response, _ z: Double, _ y: Double) -> Double {
    response == SZK_GAUSSIAN ? 2.5 * (z - y) : 1 / (1 + exp(-z)) - y
  }

  /// The draws of Gaussian units whose fields are zero and variances one.
  @Test(arguments: levels) func normalsAreThoseOfGaussianUnits(level: szk_level) throws {
    let kernels = try kernels(level)
    let first = Aligned(lanes(rows: 16), szk_lanes())
    let second = Aligned(lanes(rows: 16), szk_lanes())
    let zeros = Aligned<Float>(16 * 16, 0)
    let variance = Aligned<Float>(16, 1)
    kernels.sampleGaussians(
      zeros.pointer, 16, 16, 16, szk_field(), variance.pointer, first.pointer, zeros.pointer, 16)
    var numbers = [Double](repeating: .nan, count: 251)
    kernels.normals(second.pointer, 250, &numbers)
    #expect((0..<250).allSatisfy { numbers[$0] == Double(zeros[$0]) })
    #expect(numbers[250].isNaN)
  }

  @Test(arguments: levels) func linearGradients(level: szk_level) throws {
    let kernels = try kernels(level)
    for columns in [1, 15, 16, 17, 100] {
      let stride = padded(columns)
      let rows = 40
      let inputs = Aligned<Float>(
        (0..<rows * stride).map {
          $0 % stride < columns ? Float(Self.number($0)) : .nan  // padding may hold anything
        }, 0)
      let theta = (0..<columns).map { Self.number($0 + 1000) / Double(columns).squareRoot() }
      let targets = (0..<rows).map { Float($0 % 2) }
      for response in [SZK_GAUSSIAN, SZK_BERNOULLI] {
        for count in [0, 1, 7, 8, 9, 33] {
          let samples = (0..<count).map { Int64($0 * 7 % rows) }
          var expected = [Double](repeating: 0, count: columns)
          for sample in samples.map({ Int($0) }) {
            let x = (0..<columns).map { Double(inputs[sample * stride + $0]) }
            let z = (0..<columns).reduce(0) { $0 + x[$1] * theta[$1] }
            let s = Self.slope(response, z, Double(targets[sample]))
            for k in 0..<columns { expected[k] += s * x[k] }
          }
          var gradient = [Double](repeating: .nan, count: columns + 1)
          var workspace = [Double](repeating: .nan, count: 2 * stride)
          kernels.linearGradient(
            inputs.pointer, stride, columns, targets, samples, count, response, 2.5, theta,
            &gradient, &workspace)
          #expect(
            (0..<columns).allSatisfy { isClose(gradient[$0], expected[$0], absolute: 1e-12) },
            "\(columns) columns, \(count) samples")
          #expect(gradient[columns].isNaN)
        }
      }
    }
  }

  @Test(arguments: levels) func networkGradients(level: szk_level) throws {
    let kernels = try kernels(level)
    for sizes in [[1, 2, 1], [3, 17, 4, 2], [5, 3], [49, 10, 10]] {
      for activation in [SZK_TANH, SZK_RECTIFIER, SZK_IDENTITY] {
        for response in [SZK_GAUSSIAN, SZK_BERNOULLI, SZK_CATEGORICAL] {
          for count in [1, 8, 9, 50] {
            let problem = NetworkProblem(sizes, activation, response, count)
            let gradient = problem.gradient(kernels)
            let expected = problem.expected()
            #expect(
              expected.indices.allSatisfy { isClose(gradient[$0], expected[$0], absolute: 1e-12) },
              "\(sizes) \(activation) \(response), \(count) samples")
            #expect(gradient[expected.count].isNaN)
          }
        }
      }
    }
  }

  /// A batch and a network, and the gradient by plain loops.
  private struct NetworkProblem {
    let sizes: [Int]
    let activation: szk_activation
    let response: szk_response
    let samples: [Int64]
    let inputs: Aligned<Float>
    let targets: Aligned<Float>
    let parameters: [Double]

    init(
      _ sizes: [Int], _ activation: szk_activation, _ response: szk_response, _ count: Int
    ) {
      self.sizes = sizes
      self.activation = activation
      self.response = response
      samples = (0..<count).map { Int64($0 * 11 % 60) }
      let (first, last) = (padded(sizes[0]), padded(sizes[sizes.count - 1]))
      inputs = Aligned<Float>((0..<60 * first).map { Float(number($0)) }, 0)
      let outputs = sizes[sizes.count - 1]
      targets = Aligned<Float>(
        (0..<60 * last).map { $0 % last == $0 / last % outputs ? 1 : 0 }, 0)
      let parameterCount = zip(sizes, sizes.dropFirst()).reduce(0) { $0 + ($1.0 + 1) * $1.1 }
      parameters = (0..<parameterCount).map { number($0 + 500) * 0.7 }
    }

    func gradient(_ kernels: szk_kernels) -> [Double] {
      var gradient = [Double](repeating: .nan, count: parameters.count + 1)
      let units = sizes.reduce(0, +)
      let width = sizes.max() ?? 0
      let blocks = (samples.count + 7) / 8
      var workspace = [Double](repeating: .nan, count: 8 + 8 * blocks * (units + 2 * width))
      sizes.withUnsafeBufferPointer {
        kernels.networkGradient(
          szk_network(sizes: $0.baseAddress, layers: $0.count, activation: activation),
          inputs.pointer, padded(sizes[0]), targets.pointer, padded(sizes[sizes.count - 1]),
          samples, samples.count, response, 2.5, parameters, &gradient, &workspace)
      }
      return gradient
    }

    func expected() -> [Double] {
      var sum = [Double](repeating: 0, count: parameters.count)
      for sample in samples.map({ Int($0) }) {
        var layers = [
          (0..<sizes[0]).map { Double(inputs[sample * padded(sizes[0]) + $0]) }
        ]
        var offsets = [0]
        for (l, size) in sizes.enumerated().dropFirst() {
          let before = layers[l - 1]
          let offset = offsets[l - 1]
          let fields = (0..<size).map { j in
            before.indices.reduce(parameters[offset + size * before.count + j]) {
              $0 + parameters[offset + j * before.count + $1] * before[$1]
            }
          }
          let isLast = l == sizes.count - 1
          layers.append(isLast ? fields : fields.map { apply($0) })
          offsets.append(offset + (before.count + 1) * size)
        }
        let z = layers[sizes.count - 1]
        let norm = z.reduce(0) { $0 + exp($1) }
        var delta = z.indices.map { k in
          let y = Double(targets[sample * padded(z.count) + k])
          return response == SZK_CATEGORICAL ? exp(z[k]) / norm - y : slope(response, z[k], y)
        }
        for l in stride(from: sizes.count - 1, to: 0, by: -1) {
          let before = layers[l - 1]
          let offset = offsets[l - 1]
          for j in delta.indices {
            for k in before.indices { sum[offset + j * before.count + k] += delta[j] * before[k] }
            sum[offset + delta.count * before.count + j] += delta[j]
          }
          delta = before.indices.map { k in
            let carried = delta.indices.reduce(0) {
              $0 + delta[$1] * parameters[offset + $1 * before.count + k]
            }
            switch activation {
            case SZK_TANH: return carried * (1 - before[k] * before[k])
            case SZK_RECTIFIER: return before[k] > 0 ? carried : 0
            default: return carried
            }
          }
        }
      }
      return sum
    }

    private func apply(_ s: Double) -> Double {
      switch activation {
      case SZK_TANH: tanh(s)
      case SZK_RECTIFIER: max(s, 0)
      default: s
      }
    }
  }
}
