import CSzilardKernels
import Testing

/// The product of bits with floats, on its own and fused.
@Suite struct ProductTests {
  static let sizes = [0, 1, 15, 16, 17, 63, 64, 65, 100]
  static let large = [784, 81, 200, 1030]

  private func run(_ level: szk_level, _ problem: BitProblem, rows: Int? = nil) throws
    -> Aligned<Float>
  {
    let kernels = try kernels(level)
    let rows = rows ?? problem.rows
    let out = Aligned<Float>(rows * problem.stride, .nan)
    let scratch = Aligned<UInt8>(kernels.scratchBytes(rows, problem.inner), 0xff)
    kernels.product(
      problem.bits.pointer, problem.wordsPerRow, rows, problem.inner, problem.weights.pointer,
      problem.stride, 0, (problem.columns + 15) / 16, out.pointer, problem.stride, scratch.pointer)
    #expect(scratch.isIntact && out.isIntact)
    return out
  }

  private func check(_ level: szk_level, _ problem: BitProblem) throws {
    let out = try run(level, problem)
    // Additions only, in the documented order: no rounding may differ.
    var wrong = 0
    for row in 0..<problem.rows {
      for column in 0..<problem.columns
      where out[row * problem.stride + column] != problem.product(row, column) {
        wrong += 1
      }
    }
    #expect(wrong == 0, "\(problem.rows) x \(problem.inner) x \(problem.columns)")
  }

  @Test(arguments: levels) func equalsTheDocumentedSum(level: szk_level) throws {
    for inner in Self.sizes {
      for rows in Self.sizes {
        try check(level, BitProblem(rows: rows, inner: inner, columns: 17, seed: inner + rows))
      }
    }
    for columns in Self.sizes {
      try check(level, BitProblem(rows: 33, inner: 70, columns: columns, seed: columns))
    }
  }

  @Test(arguments: levels) func equalsTheDocumentedSumAtLargeSizes(level: szk_level) throws {
    for rows in Self.large {
      try check(level, BitProblem(rows: rows, inner: 784, columns: 16, seed: rows))
    }
    try check(level, BitProblem(rows: 100, inner: 100, columns: 784))
  }

  @Test(arguments: levels) func worksOnTheTilesAskedFor(level: szk_level) throws {
    let problem = BitProblem(rows: 20, inner: 90, columns: 64)
    let kernels = try kernels(level)
    let whole = try run(level, problem)
    let out = Aligned<Float>(20 * 64, -1)
    let scratch = Aligned<UInt8>(kernels.scratchBytes(20, 90), 0)
    kernels.product(
      problem.bits.pointer, problem.wordsPerRow, 20, 90, problem.weights.pointer, 64, 1, 3,
      out.pointer, 64, scratch.pointer)
    for index in 0..<20 * 64 {
      #expect(out[index] == ((16..<48).contains(index % 64) ? whole[index] : -1))
    }
  }

  @Test(arguments: levels) func aRowDoesNotDependOnTheNumberOfRows(level: szk_level) throws {
    let problem = BitProblem(rows: 1100, inner: 133, columns: 32)
    let all = try run(level, problem)
    for rows in [1, 5, 16, 17, 47, 64, 80, 81, 96, 100, 130, 500, 1024, 1025] {
      let some = try run(level, problem, rows: rows)
      #expect(some.array == Array(all.array[0..<rows * problem.stride]), "\(rows) rows")
    }
  }

  /// Rows, inner units, columns.
  static let fused = [
    (0, 20, 20), (1, 0, 1), (1, 1, 1), (15, 16, 17), (16, 65, 64), (17, 64, 63), (65, 100, 15),
    (100, 784, 100), (64, 63, 65), (1040, 17, 784), (300, 120, 16),
  ]

  @Test(arguments: levels) func meansAreTheMeansOfTheField(level: szk_level) throws {
    let kernels = try kernels(level)
    for (rows, inner, columns) in Self.fused {
      let problem = BitProblem(rows: rows, inner: inner, columns: columns)
      let biases = FieldData(rows: rows, columns: columns)
      let product = try run(level, problem)
      let expected = Aligned<Float>(rows * problem.stride, 0)
      kernels.meansOfFields(
        product.pointer, problem.stride, rows, columns, biases.field, expected.pointer,
        problem.stride)
      let out = Aligned<Float>(rows * problem.stride, 0)
      let scratch = Aligned<UInt8>(kernels.scratchBytes(rows, inner), 0xff)
      kernels.means(
        problem.bits.pointer, problem.wordsPerRow, rows, inner, problem.weights.pointer,
        problem.stride, columns, biases.field, out.pointer, problem.stride, scratch.pointer)
      var worst = 0.0
      for row in 0..<rows {
        for column in 0..<columns {
          let index = row * problem.stride + column
          #expect(out[index] == expected[index])
          let x = biases.exact(row, column, product: product[index])
          worst = max(worst, abs(Double(out[index]) - logistic(x)))
        }
      }
      // |x| stays below 60 here, its rounding below 8 units of 2^-19, and the slope is 1/4.
      #expect(worst < 2e-6)
      #expect(out.isIntact && scratch.isIntact)
    }
  }

  @Test(arguments: levels) func samplesAreMeansAndDocumentedDraws(level: szk_level) throws {
    let kernels = try kernels(level)
    for (rows, inner, columns) in Self.fused {
      let problem = BitProblem(rows: rows, inner: inner, columns: columns, seed: 3)
      let biases = FieldData(rows: rows, columns: columns)
      let scratch = Aligned<UInt8>(kernels.scratchBytes(rows, inner), 0xff)
      let means = Aligned<Float>(rows * problem.stride, 0)
      kernels.means(
        problem.bits.pointer, problem.wordsPerRow, rows, inner, problem.weights.pointer,
        problem.stride, columns, biases.field, means.pointer, problem.stride, scratch.pointer)
      let start = lanes(rows: rows)
      let uniforms = documentedUniforms(start, rows: rows, columns: columns)
      let words = (columns + 63) / 64
      let out = Aligned<UInt64>(rows * words, ~0)
      let generators = Aligned(start, szk_lanes())
      kernels.sample(
        problem.bits.pointer, problem.wordsPerRow, rows, inner, problem.weights.pointer,
        problem.stride, columns, biases.field, generators.pointer, out.pointer, words,
        scratch.pointer)
      var wrong = 0
      for row in 0..<rows {
        for column in 0..<64 * words {
          let bit = out[row * words + column / 64] >> UInt64(column % 64) & 1 == 1
          let expected =
            column < columns
            && uniforms[0][row][column] < Double(means[row * problem.stride + column])
          wrong += bit == expected ? 0 : 1
        }
      }
      #expect(wrong == 0, "\(rows) x \(inner) x \(columns)")
      #expect(out.isIntact && generators.isIntact)

      // The same from a stored product, and the lanes end in the same state.
      let product = try run(level, problem)
      let again = Aligned<UInt64>(rows * words, ~0)
      let others = Aligned(start, szk_lanes())
      kernels.sampleFields(
        product.pointer, problem.stride, rows, columns, biases.field, others.pointer,
        again.pointer, words)
      #expect(again.array == out.array)
      #expect(others.array.map(stateWords) == generators.array.map(stateWords))
    }
  }

  @Test(arguments: levels) func aSampleDoesNotDependOnTheNumberOfRows(level: szk_level) throws {
    let kernels = try kernels(level)
    let problem = BitProblem(rows: 100, inner: 40, columns: 50)
    let biases = FieldData(rows: 100, columns: 50)
    func sample(_ rows: Int) -> [UInt64] {
      let out = Aligned<UInt64>(rows, 0)
      let generators = Aligned(lanes(rows: rows), szk_lanes())
      let scratch = Aligned<UInt8>(kernels.scratchBytes(rows, 40), 0)
      kernels.sample(
        problem.bits.pointer, problem.wordsPerRow, rows, 40, problem.weights.pointer,
        problem.stride, 50, biases.field, generators.pointer, out.pointer, 1, scratch.pointer)
      return out.array
    }
    let all = sample(100)
    for rows in [1, 7, 16, 33, 99] { #expect(sample(rows) == Array(all[0..<rows])) }
  }
}

/// Biases and scales for `rows` x `columns` fields.
struct FieldData {
  let base: Aligned<Float>
  let slope: Aligned<Float>
  let scale: Aligned<Float>

  init(rows: Int, columns: Int, seed: Int = 5) {
    var generator = TestGenerator(seed)
    base = Aligned((0..<columns).map { _ in Float.random(in: -2...2, using: &generator) }, 0)
    slope = Aligned((0..<columns).map { _ in Float.random(in: -2...2, using: &generator) }, 0)
    scale = Aligned((0..<rows).map { _ in Float.random(in: 0...1.5, using: &generator) }, 0)
  }

  var field: szk_field {
    szk_field(baseBias: base.pointer, slopeBias: slope.pointer, rowScale: scale.pointer)
  }

  func exact(_ row: Int, _ column: Int, product: Float) -> Double {
    Double(base[column]) + Double(scale[row]) * (Double(product) + Double(slope[column]))
  }
}
