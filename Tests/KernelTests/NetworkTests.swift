import CSzilardKernels
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Kernels of networks in float, every variant, against double precision.
///
/// Padding of weights holds NaN, which must reach no result; what is packed is followed by a guard.
@Suite struct NetworkKernelTests {
  private static func numbers(_ count: Int, _ seed: Int) -> Aligned<Float> {
    var generator = TestGenerator(seed)
    return Aligned((0..<count).map { _ in Float.random(in: -1...1, using: &generator) }, 0)
  }

  private static func weights(_ rows: Int, _ columns: Int, _ seed: Int) -> Aligned<Float> {
    let values = numbers(rows * columns, seed)
    let stride = padded(columns)
    let result = Aligned<Float>(rows * stride, .nan)
    for row in 0..<rows {
      for c in 0..<columns { result[row * stride + c] = values[row * columns + c] }
    }
    return result
  }

  @Test(arguments: levels) func products(level: szk_level) throws {
    let kernels = try kernels(level)
    for (rows, inner, columns) in [
      (0, 3, 5), (1, 1, 1), (13, 7, 15), (14, 4, 16), (15, 5, 17), (25, 33, 31), (3, 2, 32),
      (12, 16, 33), (29, 40, 100), (5, 0, 4),
    ] {
      let inStride = inner + 3
      let x = Self.numbers(rows * inStride, 1)
      let w = Self.weights(inner, columns, 2)
      let bias = Self.numbers(columns, 3)
      let stride = padded(columns)
      let outStride = columns + 2
      for accumulates in [false, true] {
        let out = Aligned<Float>(rows * outStride, 7)
        kernels.productOfRows(
          x.pointer, inStride, rows, 1, 0, inner, w.pointer, stride, columns, bias.pointer,
          accumulates ? 1 : 0, out.pointer, outStride)
        for row in 0..<rows {
          for c in 0..<columns {
            let exact = (0..<inner).reduce(Double(bias[c]) + (accumulates ? 7 : 0)) {
              $0 + Double(x[row * inStride + $1]) * Double(w[$1 * stride + c])
            }
            #expect(abs(Double(out[row * outStride + c]) - exact) <= 1e-5)
          }
          #expect((columns..<outStride).allSatisfy { out[row * outStride + $0] == 7 })
        }
        #expect(out.isIntact)
        // A row alone has the same bits.
        guard let row = (0..<rows).last else { continue }
        let alone = Aligned<Float>(columns, 7)
        kernels.productOfRows(
          x.pointer + row * inStride, inStride, 1, 1, 0, inner, w.pointer, stride, columns,
          bias.pointer, accumulates ? 1 : 0, alone.pointer, columns)
        #expect(alone.array == Array(out.array[row * outStride..<row * outStride + columns]))
      }
      let slopes = Self.numbers(rows * columns, 4)
      let sums = Aligned<Float>(inner * stride, 1)
      kernels.outerProducts(
        x.pointer, inStride, inner, slopes.pointer, columns, columns, rows, 1, 0, 0, sums.pointer,
        stride)
      for k in 0..<inner {
        for c in 0..<columns {
          let exact = (0..<rows).reduce(1.0) {
            $0 + Double(x[$1 * inStride + k]) * Double(slopes[$1 * columns + c])
          }
          #expect(abs(Double(sums[k * stride + c]) - exact) <= 1e-5)
        }
      }
      #expect(sums.isIntact)
    }
  }

  @Test(arguments: levels) func convolutions(level: szk_level) throws {
    let kernels = try kernels(level)
    for (samples, height, width, inputs, outputs) in [
      (0, 2, 2, 1, 1), (1, 1, 1, 1, 1), (2, 3, 15, 2, 16), (1, 4, 14, 5, 17), (1, 28, 28, 3, 20),
      (1, 2, 7, 17, 33),
    ] {
      let pixels = samples * height * width
      let x = Self.numbers(pixels * inputs, 1)
      let w = Self.weights(9 * inputs, outputs, 2)
      let bias = Self.numbers(outputs, 3)
      let stride = padded(outputs)
      let workspace = Aligned<Float>((height + 2) * (width + 2) * inputs, .nan)
      let out = Aligned<Float>(pixels * outputs, .nan)
      kernels.convolve(
        x.pointer, samples, height, width, inputs, w.pointer, stride, outputs, bias.pointer, 0,
        out.pointer, workspace.pointer)
      let slopes = Self.numbers(pixels * outputs, 4)
      let sums = Aligned<Float>(9 * inputs * stride, 0)
      kernels.convolutionGradient(
        x.pointer, samples, height, width, inputs, slopes.pointer, outputs, sums.pointer, stride,
        workspace.pointer)
      #expect(out.isIntact && sums.isIntact && workspace.isIntact)
      var exactSums = [Double](repeating: 0, count: 9 * inputs * outputs)
      for pixel in 0..<pixels {
        let (u, v, sample) = (pixel % width, pixel / width % height, pixel / width / height)
        var exact = (0..<outputs).map { Double(bias[$0]) }
        for tap in 0..<9 {
          let (y, z) = (v + tap / 3 - 1, u + tap % 3 - 1)
          guard (0..<height).contains(y), (0..<width).contains(z) else { continue }
          for k in 0..<inputs {
            let value = Double(x[((sample * height + y) * width + z) * inputs + k])
            let row = tap * inputs + k
            for c in 0..<outputs {
              exact[c] += value * Double(w[row * stride + c])
              exactSums[row * outputs + c] += value * Double(slopes[pixel * outputs + c])
            }
          }
        }
        for c in 0..<outputs {
          #expect(abs(Double(out[pixel * outputs + c]) - exact[c]) <= 2e-5)
        }
      }
      for row in 0..<9 * inputs {
        for c in 0..<outputs {
          #expect(abs(Double(sums[row * stride + c]) - exactSums[row * outputs + c]) <= 2e-4)
        }
      }
    }
  }

  private static let functions:
    [(szk_nonlinearity, @Sendable (Double) -> Double, @Sendable (Double) -> Double)] = [
      (SZK_HYPERBOLIC_TANGENT, { tanh($0) }, { 1 / (cosh($0) * cosh($0)) }),
      (SZK_LOGISTIC, { logistic($0) }, { logistic($0) * logistic(-$0) }),
      (SZK_SOFTPLUS, { softplus($0) }, { logistic($0) }),
      (
        SZK_SWISH, { $0 * logistic($0) },
        { logistic($0) * (1 + $0 * logistic(-$0)) }
      ),
      (SZK_LEAKY_RECTIFIER, { $0 > 0 ? $0 : 0.05 * $0 }, { $0 > 0 ? 1 : 0.05 }),
    ]

  @Test(arguments: levels) func nonlinearities(level: szk_level) throws {
    let kernels = try kernels(level)
    let points = ElementaryTests.points.filter { abs($0) <= 80 }
    for (kind, value, slope) in Self.functions {
      for count in [0, 1, 15, 16, 17, points.count] {
        let x = Aligned(Array(points.prefix(count)), 0)
        let out = Aligned<Float>(count, .nan)
        kernels.activate(kind, x.pointer, count, out.pointer)
        let slopes = Aligned<Float>(count, 2)
        let back = Aligned<Float>(count, 1)
        kernels.activationGradient(kind, x.pointer, slopes.pointer, count, 1, back.pointer)
        #expect(out.isIntact && back.isIntact)
        for k in 0..<count {
          let exact = value(Double(x[k]))
          #expect(abs(Double(out[k]) - exact) <= 6e-7 * abs(exact) + 1e-37, "\(kind) \(x[k])")
          #expect(abs(Double(back[k]) - 1 - 2 * slope(Double(x[k]))) <= 2e-6, "\(kind) \(x[k])")
        }
      }
    }
  }

  @Test(arguments: levels) func normalisation(level: szk_level) throws {
    let kernels = try kernels(level)
    for (samples, pixels, channels, groups) in [
      (0, 1, 4, 2), (1, 1, 1, 1), (3, 1, 128, 1), (2, 9, 16, 8), (2, 5, 17, 1), (1, 49, 48, 3),
    ] {
      let count = samples * pixels * channels
      let x = Self.numbers(count, 1)
      for k in 0..<count { x[k] = 3 * x[k] + 20 }  // far from zero
      let modulation = Self.numbers(samples * 2 * channels, 2)
      for isSwish in [false, true] {
        let out = Aligned<Float>(count, .nan)
        let statistics = Aligned<Float>(samples * 2 * channels, .nan)
        kernels.normalize(
          x.pointer, samples, pixels, channels, groups, 1e-5, modulation.pointer, 2 * channels,
          isSwish ? 1 : 0, statistics.pointer, out.pointer)
        #expect(out.isIntact && statistics.isIntact)
        let size = channels / groups
        for sample in 0..<samples {
          for group in 0..<groups {
            let places = (0..<pixels).flatMap { pixel in
              (0..<size).map { (sample * pixels + pixel) * channels + group * size + $0 }
            }
            let mean = places.reduce(0) { $0 + Double(x[$1]) } / Double(places.count)
            let square = places.reduce(0) { $0 + (Double(x[$1]) - mean) * (Double(x[$1]) - mean) }
            let deviation = (square / Double(places.count) + 1e-5).squareRoot()
            for place in places {
              let row = sample * 2 * channels + place % channels
              let v =
                (1 + Double(modulation[row])) * (Double(x[place]) - mean) / deviation
                + Double(modulation[row + channels])
              // The mean of numbers about 20 is known to a few 10⁻⁶.
              let allowed = 2e-5 * (1 + 1 / deviation)
              #expect(abs(Double(out[place]) - (isSwish ? v * logistic(v) : v)) <= allowed)
            }
          }
        }
      }
    }
  }

  @Test(arguments: levels) func poolingAndSpreading(level: szk_level) throws {
    let kernels = try kernels(level)
    for channels in [1, 15, 16, 17] {
      let (height, width) = (2, 3)
      let wide = Self.numbers(4 * height * width * channels, 1)
      let out = Aligned<Float>(height * width * channels, 1)
      kernels.poolPixels(wide.pointer, 1, height, width, channels, 0.25, 1, out.pointer)
      let spread = Aligned<Float>(4 * height * width * channels, 1)
      kernels.spreadPixels(out.pointer, 1, height, width, channels, 2, 1, spread.pointer)
      #expect(out.isIntact && spread.isIntact)
      for y in 0..<height {
        for x in 0..<width {
          for c in 0..<channels {
            let four = [(0, 0), (0, 1), (1, 0), (1, 1)].map {
              ((2 * y + $0.0) * 2 * width + 2 * x + $0.1) * channels + c
            }
            let value = out[(y * width + x) * channels + c]
            #expect(abs(value - 1 - four.reduce(0) { $0 + wide[$1] } / 4) <= 1e-6)
            #expect(four.allSatisfy { spread[$0] == 1 + 2 * value })
          }
        }
      }
    }
  }

  @Test(arguments: levels) func radialBases(level: szk_level) throws {
    let kernels = try kernels(level)
    for (rows, inputs, units) in [(0, 2, 3), (1, 1, 1), (15, 2, 16), (17, 3, 15), (33, 2, 40)] {
      let x = Self.numbers(rows * inputs, 1)
      let centers = Self.weights(inputs, units, 2)
      let logWidths = Self.numbers(units, 3)
      if rows > 1 { x[0] = 1e4 }  // far from all centres: the sum must not vanish
      let out = Aligned<Float>(rows * units, .nan)
      kernels.radialBasis(
        x.pointer, inputs, rows, inputs, centers.pointer, padded(units), logWidths.pointer, units,
        out.pointer)
      #expect(out.isIntact)
      for row in 0..<rows {
        let exponents = (0..<units).map { u in
          (0..<inputs).reduce(0.0) {
            let d = Double(x[row * inputs + $1]) - Double(centers[$1 * padded(units) + u])
            return $0 - d * d / (2 * exp(2 * Double(logWidths[u])))
          }
        }
        let top = exponents.max() ?? 0
        let total = exponents.reduce(0) { $0 + exp($1 - top) }
        for u in 0..<units where row > 0 || rows == 1 {
          let exact = exp(exponents[u] - top) / total
          #expect(abs(Double(out[row * units + u]) - exact) <= 2e-6)
        }
        let sum = (0..<units).reduce(0) { $0 + Double(out[row * units + $1]) }
        #expect(abs(sum - 1) <= 1e-5)
      }
    }
  }

  @Test(arguments: levels) func rowsAndUpdates(level: szk_level) throws {
    let kernels = try kernels(level)
    for count in [0, 1, 15, 16, 17, 1000] {
      let (u, v) = (Self.numbers(count, 1), Self.numbers(count, 2))
      let out = Aligned<Float>(count, 3)
      kernels.sumOf(u.pointer, v.pointer, count, -2, out.pointer)
      let scaled = Aligned<Float>(count, 3)
      kernels.addScaled(u.pointer, count, 0.5, 1, scaled.pointer)
      let average = Aligned<Float>(count, 3)
      kernels.movingAverage(u.pointer, count, 0.75, average.pointer)
      let sums = Aligned<Float>(count, 3)
      kernels.columnSums(u.pointer, 0, 9, count, sums.pointer)
      let (m, s, p) = (Self.numbers(count, 4), Aligned<Float>(count, 0.3), Self.numbers(count, 5))
      let (m0, p0) = (m.array, p.array)
      let rule = szk_adam(
        firstDecay: 0.9, secondDecay: 0.99, step: 0.01, scale: 1.5, epsilon: 1e-8)
      kernels.adam(rule, u.pointer, count, m.pointer, s.pointer, p.pointer)
      for part in [out, scaled, average, sums, m, s, p] { #expect(part.isIntact) }
      for k in 0..<count {
        #expect(abs(out[k] - (u[k] - 2 * v[k])) <= 1e-6)
        #expect(abs(scaled[k] - (3 + u[k] / 2)) <= 1e-6)
        #expect(abs(average[k] - (2.25 + u[k] / 4)) <= 1e-6)
        #expect(abs(sums[k] - (3 + 9 * u[k])) <= 1e-5)
        let g = Double(u[k])
        let first = 0.9 * Double(m0[k]) + 0.1 * g
        let second = 0.99 * 0.3 + 0.01 * g * g
        #expect(abs(Double(m[k]) - first) <= 1e-6 && abs(Double(s[k]) - second) <= 1e-6)
        let moved = Double(p0[k]) + 0.01 * first / (second.squareRoot() * 1.5 + 1e-8)
        #expect(abs(Double(p[k]) - moved) <= 1e-6)
      }
      // Rows with gaps, and waves of few and many frequencies.
      let copied = Aligned<Float>(3 * (count + 1), 1)
      let source = Self.numbers(3 * (count + 2), 6)
      kernels.copyRows(source.pointer, count + 2, 3, count, 1, copied.pointer, count + 1)
      #expect(copied.isIntact)
      for row in 0..<3 {
        #expect(copied[row * (count + 1) + count] == 1)
        for c in 0..<count {
          #expect(copied[row * (count + 1) + c] == 1 + source[row * (count + 2) + c])
        }
      }
      let waves = Aligned<Float>(2 * count, .nan)
      kernels.cosineWaves([0.3, -17.2], 2, u.pointer, v.pointer, count, waves.pointer)
      #expect(waves.isIntact)
      for row in 0..<2 {
        for k in 0..<count {
          let turns = Double([0.3, -17.2][row] as Float) * Double(u[k]) + Double(v[k])
          #expect(abs(Double(waves[row * count + k]) - cos(2 * Double.pi * turns)) <= 2e-5)
        }
      }
    }
  }
}
