import CSzilardKernels
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Categorical (Potts) units.
@Suite struct CategoryTests {
  /// Rows, sites, colours, columns.
  static let sizes = [
    (0, 3, 4, 5), (1, 1, 2, 1), (15, 7, 3, 16), (16, 16, 21, 17), (17, 17, 5, 63), (33, 40, 2, 64),
    (20, 4, 256, 65), (65, 33, 21, 100), (5, 9, 1, 33),
  ]

  private func colours(_ rows: Int, _ sites: Int, _ q: Int) -> Aligned<UInt8> {
    var generator = TestGenerator(rows + sites)
    return Aligned(
      (0..<rows * sites).map { _ in UInt8.random(in: 0...UInt8(q - 1), using: &generator) }, 0)
  }

  @Test(arguments: levels) func gathersRowsInOrder(level: szk_level) throws {
    for (rows, sites, q, columns) in Self.sizes {
      let problem = BitProblem(rows: 0, inner: sites * q, columns: columns)
      let colours = colours(rows, sites, q)
      let out = Aligned<Float>(rows * problem.stride, .nan)
      try kernels(level).gatherRows(
        colours.pointer, sites, rows, sites, q, problem.weights.pointer, problem.stride, columns,
        out.pointer, problem.stride)
      for row in 0..<rows {
        for column in 0..<columns {
          var sum: Float = 0
          for site in 0..<sites {
            let unit = site * q + Int(colours[row * sites + site])
            sum += problem.weights[unit * problem.stride + column]
          }
          #expect(out[row * problem.stride + column] == sum)
        }
      }
      #expect(out.isIntact)
    }
  }

  @Test(arguments: levels) func scattersRowsInOrder(level: szk_level) throws {
    for (rows, sites, q, columns) in Self.sizes {
      let stride = padded(columns)
      let colours = colours(rows, sites, q)
      let values = Aligned<Float>((0..<rows * stride).map { Float($0 % 97) * 0.01 }, 0)
      let sums = Aligned<Float>(sites * q * stride, 0.5)
      try kernels(level).scatterRows(
        colours.pointer, sites, rows, sites, q, values.pointer, stride, 0, stride / 16,
        sums.pointer, stride)
      var expected = [Float](repeating: 0.5, count: sites * q * stride)
      for row in 0..<rows {
        for site in 0..<sites {
          let unit = site * q + Int(colours[row * sites + site])
          for column in 0..<stride {
            expected[unit * stride + column] += values[row * stride + column]
          }
        }
      }
      #expect(sums.array == expected)
      #expect(sums.isIntact)
    }
  }

  @Test(arguments: levels) func meansAndSumsAndSamples(level: szk_level) throws {
    let kernels = try kernels(level)
    for (rows, sites, q, _) in Self.sizes {
      let columns = sites * q
      let stride = padded(columns)
      let data = FieldData(rows: rows, columns: columns)
      var generator = TestGenerator(columns)
      let product = Aligned<Float>(
        (0..<rows * stride).map { _ in Float.random(in: -4...4, using: &generator) }, 0)
      let out = Aligned<Float>(rows * stride, .nan)
      kernels.categoryMeans(
        product.pointer, stride, rows, sites, q, data.field, out.pointer, stride)
      let sums = Aligned<Double>(rows, 1)
      kernels.logSumExpSums(product.pointer, stride, rows, sites, q, data.field, sums.pointer)
      let start = lanes(rows: rows)
      let generators = Aligned(start, szk_lanes())
      let sampled = Aligned<UInt8>(rows * sites, 0xff)
      kernels.sampleCategories(
        product.pointer, stride, rows, sites, q, data.field, generators.pointer, sampled.pointer,
        sites)
      // The uniform of a site is that of the column with the site's number.
      let uniforms = documentedUniforms(start, rows: rows, columns: sites)[0]
      for row in 0..<rows {
        var total = 1.0
        for site in 0..<sites {
          let x = (0..<q).map {
            data.exact(row, site * q + $0, product: product[row * stride + site * q + $0])
          }
          let largest = x.max() ?? 0
          let weights = x.map { exp($0 - largest) }
          let sum = weights.reduce(0, +)
          total += largest + log(sum)
          var cumulated = 0.0
          let colour = Int(sampled[row * sites + site])
          #expect(colour < q)
          for k in 0..<q {
            #expect(
              abs(Double(out[row * stride + site * q + k]) - weights[k] / sum) < 2e-6)
            // u lies between the cumulated probabilities of the drawn colour.
            if k == colour { #expect(uniforms[row][site] > cumulated - 1e-5) }
            cumulated += weights[k] / sum
            if k == colour { #expect(uniforms[row][site] < cumulated + 1e-5) }
          }
        }
        #expect(abs(sums[row] - total) < 3e-6 * Double(sites))
      }
      #expect(out.isIntact && sampled.isIntact && generators.isIntact)
    }
  }

  @Test(arguments: levels) func meansMayOverwriteTheProduct(level: szk_level) throws {
    let kernels = try kernels(level)
    let (rows, sites, q) = (19, 7, 5)
    let stride = padded(sites * q)
    let values = (0..<rows * stride).map { Float($0 % 23) * 0.1 }
    let product = Aligned<Float>(values, 0)
    let out = Aligned<Float>(rows * stride, 0)
    let field = szk_field()
    kernels.categoryMeans(product.pointer, stride, rows, sites, q, field, out.pointer, stride)
    kernels.categoryMeans(product.pointer, stride, rows, sites, q, field, product.pointer, stride)
    for row in 0..<rows {
      for column in 0..<sites * q {
        #expect(product[row * stride + column] == out[row * stride + column])
      }
    }
  }
}
