import CSzilardKernels
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The elementary functions against double precision.
@Suite struct ElementaryTests {
  /// Points of a wide range, dense around zero.
  static let points: [Float] =
    stride(from: -110, through: 110, by: 0.0371).map { Float($0) }
    + (-140...13).flatMap { [Float(exp2(Double($0))), -Float(exp2(Double($0)))] }
    + [0, -0.0, 87, -87, 88, -88, 1e4, -1e4, 200, -200]

  private func means(_ level: szk_level, _ points: [Float]) throws -> [Float] {
    let count = padded(points.count)
    let x = Aligned<Float>(points + Array(repeating: 0, count: count - points.count), 0)
    try kernels(level).meansOfFields(
      x.pointer, count, 1, points.count, szk_field(), x.pointer, count)
    return Array(x.array[0..<points.count])
  }

  @Test(arguments: levels) func logisticIsAccurate(level: szk_level) throws {
    for (x, p) in zip(Self.points, try means(level, Self.points)) {
      let exact = logistic(Double(x))
      if x >= -87 {
        #expect(abs(Double(p) - exact) <= 3e-7 * exact, "logistic(\(x)) = \(p)")
      } else {
        #expect(p >= 0 && p < 2e-38)
      }
    }
  }

  @Test(arguments: levels) func specialValuesDoNotTrap(level: szk_level) throws {
    let values = try means(level, [.nan, .infinity, -.infinity, .greatestFiniteMagnitude])
    #expect(values[0].isNaN)
    #expect(values[1] == 1 && values[3] == 1)
    #expect(values[2] >= 0 && values[2] < 2e-38)
  }

  private func softplusSum(_ level: szk_level, _ x: Float) throws -> Double {
    let row = Aligned<Float>(16, 3)
    row[0] = x
    var out = 0.0
    try kernels(level).softplusSums(row.pointer, 16, 1, 1, szk_field(), &out)
    return out
  }

  @Test(arguments: levels) func softplusIsAccurate(level: szk_level) throws {
    for x in Self.points {
      let exact = softplus(Double(x))
      let value = try softplusSum(level, x)
      #expect(abs(value - exact) <= 1.5e-7 * max(1, exact), "softplus(\(x)) = \(value)")
      // Relative accuracy too, as long as exp x is a normal number.
      if x > -87 { #expect(abs(value - exact) <= 4e-7 * exact, "softplus(\(x)) = \(value)") }
    }
    #expect(try softplusSum(level, 1e4) == 1e4)
    #expect(try softplusSum(level, -1e4) == 0)
    #expect(try softplusSum(level, .nan).isNaN)
  }

  @Test(arguments: levels) func softplusSumsAddUp(level: szk_level) throws {
    let kernels = try kernels(level)
    for (rows, columns) in [(0, 5), (1, 1), (3, 15), (4, 16), (5, 17), (2, 64), (7, 784)] {
      let width = padded(columns)
      let data = FieldData(rows: rows, columns: columns)
      var generator = TestGenerator(columns)
      // Padding columns hold NaN: they must not reach the sums.
      let product = Aligned<Float>(rows * width, .nan)
      var expected = [Double](repeating: 1, count: rows)
      for row in 0..<rows {
        for column in 0..<columns {
          product[row * width + column] = Float.random(in: -9...9, using: &generator)
          expected[row] += softplus(data.exact(row, column, product: product[row * width + column]))
        }
      }
      let out = Aligned<Double>(rows, 1)
      kernels.softplusSums(product.pointer, width, rows, columns, data.field, out.pointer)
      for row in 0..<rows {
        // Every term: 1.5e-7 of itself or of one, and the rounding of a field below 20.
        #expect(abs(out[row] - expected[row]) <= 2e-6 * Double(columns))
      }
      #expect(out.isIntact)
    }
  }

  @Test(arguments: levels) func differencesAreAccurateAtSmallSteps(level: szk_level) throws {
    let kernels = try kernels(level)
    let row = Aligned<Float>(16, 7)
    for step in [0x1p-20, 0x1p-12, 0x1p-6, 0.25, 1, 3] as [Float] {
      for x in stride(from: Float(-30), through: 30, by: 0.37) where x != 0 {
        row[0] = x
        let from: Float = 0.5
        let to = from + step
        var out = 0.0
        kernels.softplusDifferences(row.pointer, 16, 1, 1, szk_field(), from, to, &out)
        let start = Double(from * x)
        let change = Double(step) * Double(x)
        // In the limit of a small change the plain difference would lose digits, so would the
        // reference: ln(1 + p (e^d - 1)) is exact to rounding.
        let exact = log1p(logistic(start) * expm1(change))
        let allowed = abs(change) <= 0.5 ? 1e-6 : 4e-6
        #expect(abs(out - exact) <= allowed * abs(exact), "x = \(x), step = \(step)")
      }
    }
  }

  @Test(arguments: levels) func differencesUseTheBiases(level: szk_level) throws {
    let kernels = try kernels(level)
    for (rows, columns) in [(0, 3), (1, 1), (5, 17), (3, 100)] {
      let width = padded(columns)
      let data = FieldData(rows: rows, columns: columns)
      var generator = TestGenerator(columns)
      let product = Aligned<Float>(rows * width, .nan)
      var expected = [Double](repeating: 2, count: rows)
      for row in 0..<rows {
        for column in 0..<columns {
          let p = Float.random(in: -9...9, using: &generator)
          product[row * width + column] = p
          let slope = Double(p) + Double(data.slope[column])
          let base = Double(data.base[column])
          expected[row] += softplus(base + 0.75 * slope) - softplus(base + 0.5 * slope)
        }
      }
      let out = Aligned<Double>(rows, 2)
      kernels.softplusDifferences(
        product.pointer, width, rows, columns, data.field, 0.5, 0.75, out.pointer)
      for row in 0..<rows { #expect(abs(out[row] - expected[row]) <= 2e-6 * Double(columns)) }
    }
  }

  @Test(arguments: levels) func bitDotsAreExact(level: szk_level) throws {
    let kernels = try kernels(level)
    for columns in [0, 1, 15, 16, 17, 63, 64, 65, 784] {
      let problem = BitProblem(rows: 9, inner: columns, columns: 1, seed: columns)
      let values = Aligned<Float>((0..<columns).map { Float($0) - 7.25 }, 0)
      let out = Aligned<Double>(9, 0.5)
      kernels.bitDots(
        problem.bits.pointer, problem.wordsPerRow, 9, columns, values.pointer, out.pointer)
      for row in 0..<9 {
        // Multiples of 1/4 below 2^20: double precision is exact.
        let expected = (0..<columns).reduce(0.5) {
          problem.bit(row, $1) ? $0 + Double(values[$1]) : $0
        }
        #expect(out[row] == expected)
      }
    }
  }

  @Test(arguments: levels) func logarithmsOfProducts(level: szk_level) throws {
    let kernels = try kernels(level)
    var generator = TestGenerator(11)
    for count in [0, 1, 7, 8, 9, 20, 63, 64, 65, 130] {
      for spread in [0.0, 1.0, 30.0] {
        let rows = 5
        func factors(_ count: Int) -> [Double] {
          (0..<count).map { _ in exp(Double.random(in: -spread...spread, using: &generator)) }
        }
        let high = factors(count)
        let low = factors(rows * count)
        let out = Aligned<Double>(rows, .nan)
        kernels.logOnePlusProducts(high, low, count, rows, out.pointer)
        for row in 0..<rows {
          let exact = compensatedSum((0..<count).map { log1p(high[$0] * low[row * count + $0]) })
          // One rounding of 2^-53 per factor and product, and that of the logarithm.
          #expect(abs(out[row] - exact) <= 3e-16 * (Double(count) + abs(exact)) + 1e-300)
        }
        #expect(out.isIntact)
      }
    }
  }
}
