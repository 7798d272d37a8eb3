import CSzilardKernels
import Testing

/// Transposes of bits and floats.
@Suite struct TransposeTests {
  static let sizes = [(0, 5), (1, 1), (15, 16), (16, 17), (63, 64), (64, 65), (65, 63), (100, 784)]

  @Test(arguments: levels) func bits(level: szk_level) throws {
    for (rows, columns) in Self.sizes {
      let problem = BitProblem(rows: rows, inner: columns, columns: 1, seed: rows)
      let words = max(1, (rows + 63) / 64)
      let out = Aligned<UInt64>(columns * words, ~0)
      try kernels(level).transposeBits(
        problem.bits.pointer, problem.wordsPerRow, rows, columns, out.pointer, words)
      guard rows > 0 else { continue }
      for column in 0..<columns {
        for row in 0..<64 * words {
          let bit = out[column * words + row / 64] >> UInt64(row % 64) & 1 == 1
          #expect(bit == (row < rows && problem.bit(row, column)))
        }
      }
      #expect(out.isIntact)
    }
  }

  @Test(arguments: levels) func floats(level: szk_level) throws {
    for (rows, columns) in Self.sizes {
      let stride = padded(columns)
      let values = Aligned<Float>((0..<rows * stride).map(Float.init), 0)
      let outStride = padded(rows)
      let out = Aligned<Float>(columns * outStride, -1)
      try kernels(level).transposeFloats(
        values.pointer, stride, rows, columns, out.pointer, outStride)
      for column in 0..<columns {
        for row in 0..<outStride {
          let expected = row < rows ? values[row * stride + column] : 0
          #expect(out[column * outStride + row] == expected)
        }
      }
      #expect(out.isIntact)
    }
  }
}
