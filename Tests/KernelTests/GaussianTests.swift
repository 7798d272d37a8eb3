import CSzilardKernels
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Gaussian units.
@Suite struct GaussianTests {
  @Test(arguments: levels) func drawsAreBoxAndMullers(level: szk_level) throws {
    let kernels = try kernels(level)
    for (rows, columns) in [(0, 4), (1, 1), (15, 16), (17, 17), (33, 65), (100, 100)] {
      let width = padded(columns)
      let data = FieldData(rows: rows, columns: columns)
      let variance = Aligned<Float>((0..<columns).map { 0.25 + Float($0 % 5) }, 0)
      let start = lanes(rows: rows)
      let generators = Aligned(start, szk_lanes())
      let values = (0..<rows * width).map { Float($0 % 7) - 3 }
      let product = Aligned<Float>(values, 0)
      kernels.sampleGaussians(
        product.pointer, width, rows, columns, data.field, variance.pointer, generators.pointer,
        product.pointer, width)
      let uniforms = documentedUniforms(start, rows: rows, columns: columns, draws: 2)
      for row in 0..<rows {
        for column in 0..<columns {
          let x = data.exact(row, column, product: values[row * width + column])
          let radius = (-2 * log(uniforms[0][row][column])).squareRoot()
          let z = radius * cos(2 * .pi * uniforms[1][row][column])
          let v = Double(variance[column])
          let expected = v * x + v.squareRoot() * z
          // Uniforms are rounded to 24 bits, which moves the angle by 4e-7 at most.
          #expect(
            abs(Double(product[row * width + column]) - expected) < 2e-5,
            "row \(row), column \(column)")
        }
      }
      #expect(product.isIntact && generators.isIntact)
    }
  }

  /// The first two moments.
  ///
  /// With n normal numbers, P(|mean| > t) <= 2 exp(-n t^2 / 2), and (Laurent and Massart 2000,
  /// lemma 1) the mean square leaves 1 by more than 2 sqrt(a / n) + 2 a / n with probability
  /// <= 2 exp(-a). Each bound is set at 1e-9.
  @Test(arguments: levels) func momentsAreNormal(level: szk_level) throws {
    let rows = 16384
    let out = Aligned<Float>(rows * 16, 0)
    let variance = Aligned<Float>(16, 1)
    let generators = Aligned(lanes(rows: rows, key: 99), szk_lanes())
    try kernels(level).sampleGaussians(
      out.pointer, 16, rows, 16, szk_field(), variance.pointer, generators.pointer, out.pointer,
      16)
    let n = Double(rows * 16)
    let a = log(2e9)
    let mean = out.array.reduce(0.0) { $0 + Double($1) } / n
    let square = out.array.reduce(0.0) { $0 + Double($1) * Double($1) } / n
    #expect(abs(mean) < (2 * a / n).squareRoot())
    #expect(abs(square - 1) < 2 * (a / n).squareRoot() + 2 * a / n)
  }
}
