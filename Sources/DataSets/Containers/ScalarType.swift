/// The number formats of the containers.
package enum ScalarType: String, Sendable, CaseIterable {
  case bool
  case int8, int16, int32, int64
  case uint8, uint16, uint32, uint64
  case float16, bfloat16, float32, float64

  /// Bytes of one number.
  package var size: Int {
    switch self {
    case .bool, .int8, .uint8: 1
    case .int16, .uint16, .float16, .bfloat16: 2
    case .int32, .uint32, .float32: 4
    case .int64, .uint64, .float64: 8
    }
  }

  /// Whether the numbers are integers (or truth values).
  package var isInteger: Bool {
    switch self {
    case .float16, .bfloat16, .float32, .float64: false
    default: true
    }
  }

  /// Converts numbers to doubles; `swapped` when they are big-endian.
  ///
  /// Integers beyond 2⁵³ are
  /// rounded.
  package func convert(
    _ source: UnsafeRawBufferPointer, swapped: Bool, into target: UnsafeMutableBufferPointer<Double>
  ) {
    precondition(source.count >= target.count * size)
    func load<Word: FixedWidthInteger & BitwiseCopyable>(_: Word.Type, _ index: Int) -> Word {
      let word = source.loadUnaligned(
        fromByteOffset: index * MemoryLayout<Word>.size, as: Word.self)
      return swapped ? word.byteSwapped : word
    }
    let all = target.indices
    switch self {
    case .bool: for i in all { target[i] = source[i] == 0 ? 0 : 1 }
    case .uint8: for i in all { target[i] = Double(source[i]) }
    case .int8: for i in all { target[i] = Double(Int8(bitPattern: source[i])) }
    case .int16: for i in all { target[i] = Double(load(Int16.self, i)) }
    case .uint16: for i in all { target[i] = Double(load(UInt16.self, i)) }
    case .int32: for i in all { target[i] = Double(load(Int32.self, i)) }
    case .uint32: for i in all { target[i] = Double(load(UInt32.self, i)) }
    case .int64: for i in all { target[i] = Double(load(Int64.self, i)) }
    case .uint64: for i in all { target[i] = Double(load(UInt64.self, i)) }
    case .float16: for i in all { target[i] = ScalarType.value(ofHalf: load(UInt16.self, i)) }
    case .bfloat16:
      for i in all { target[i] = Double(Float(bitPattern: UInt32(load(UInt16.self, i)) << 16)) }
    case .float32: for i in all { target[i] = Double(Float(bitPattern: load(UInt32.self, i))) }
    case .float64: for i in all { target[i] = Double(bitPattern: load(UInt64.self, i)) }
    }
  }

  /// The value of an IEEE binary16 number; `Float16` is not on every platform.
  private static func value(ofHalf bits: UInt16) -> Double {
    let sign: Double = bits & 0x8000 == 0 ? 1 : -1
    let exponent = Int(bits >> 10 & 0x1f)
    let fraction = Double(bits & 0x3ff)
    switch exponent {
    case 0: return sign * fraction * 0x1p-24
    case 31: return fraction == 0 ? sign * .infinity : .nan
    default:
      return sign * (1 + fraction * 0x1p-10)
        * Double(sign: .plus, exponent: exponent - 15, significand: 1)
    }
  }
}
