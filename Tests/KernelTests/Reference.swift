import CSzilardKernels
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The levels that this processor has.
let levels: [szk_level] = [SZK_BASELINE, SZK_AVX2, SZK_AVX512, SZK_NEON].filter {
  szk_supported_levels() >> $0.rawValue & 1 == 1
}

/// The kernels of a level that is known to be there.
func kernels(_ level: szk_level) throws -> szk_kernels {
  try #require(szk_kernels_for(level)).pointee
}

/// A generator for test data (SplitMix64), independent of the kernels' own.
struct TestGenerator: RandomNumberGenerator {
  var state: UInt64

  init(_ seed: Int) { state = UInt64(bitPattern: Int64(seed)) }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}

/// The next multiple of 16.
func padded(_ count: Int) -> Int { (count + 15) / 16 * 16 }

/// Memory that begins on a 64-byte boundary and is followed by a guard that must not change.
final class Aligned<Element: BitwiseCopyable> {
  let pointer: UnsafeMutablePointer<Element>
  let count: Int
  private let raw: UnsafeMutableRawPointer
  private let guardBytes = 128

  init(_ count: Int, _ value: Element) {
    self.count = count
    let bytes = count * MemoryLayout<Element>.stride
    raw = .allocate(byteCount: bytes + guardBytes, alignment: 64)
    pointer = raw.bindMemory(to: Element.self, capacity: count)
    pointer.initialize(repeating: value, count: count)
    (raw + bytes).initializeMemory(as: UInt8.self, repeating: 0xa5, count: guardBytes)
  }

  convenience init(_ values: [Element], _ value: Element) {
    self.init(values.count, value)
    for (index, element) in values.enumerated() { pointer[index] = element }
  }

  deinit { raw.deallocate() }

  subscript(index: Int) -> Element {
    get { pointer[index] }
    set { pointer[index] = newValue }
  }

  var array: [Element] { Array(UnsafeBufferPointer(start: pointer, count: count)) }

  /// Whether nothing was written past the end.
  var isIntact: Bool {
    let end = raw + count * MemoryLayout<Element>.stride
    return (0..<guardBytes).allSatisfy { end.load(fromByteOffset: $0, as: UInt8.self) == 0xa5 }
  }
}

/// A bit matrix times a float matrix, with the numbers of the kernels' contract.
struct BitProblem {
  let rows: Int
  let inner: Int
  let columns: Int
  let wordsPerRow: Int
  let stride: Int
  let bits: Aligned<UInt64>
  let weights: Aligned<Float>

  init(rows: Int, inner: Int, columns: Int, seed: Int = 1) {
    var generator = TestGenerator(seed)
    self.rows = rows
    self.inner = inner
    self.columns = columns
    wordsPerRow = max(1, (inner + 63) / 64)
    stride = max(16, padded(columns))
    bits = Aligned(rows * wordsPerRow, 0)
    weights = Aligned(inner * stride, 0)
    for row in 0..<rows {
      for unit in 0..<inner where Bool.random(using: &generator) {
        bits[row * wordsPerRow + unit / 64] |= 1 << UInt64(unit % 64)
      }
    }
    for unit in 0..<inner {
      for column in 0..<columns {
        weights[unit * stride + column] = Float.random(in: -0.3...0.3, using: &generator)
      }
    }
  }

  func bit(_ row: Int, _ unit: Int) -> Bool {
    bits[row * wordsPerRow + unit / 64] >> UInt64(unit % 64) & 1 == 1
  }

  /// The documented order of summation: set units of a group of five, then groups.
  func product(_ row: Int, _ column: Int) -> Float {
    var sum: Float = 0
    for first in Swift.stride(from: 0, to: inner, by: 5) {
      var entry: Float = 0
      for unit in first..<min(first + 5, inner) where bit(row, unit) {
        entry += weights[unit * stride + column]
      }
      sum += entry
    }
    return sum
  }
}

/// The words of the four state vectors, one vector after the other.
func stateWords(_ lanes: szk_lanes) -> [UInt32] {
  withUnsafeBytes(of: lanes) { Array($0.bindMemory(to: UInt32.self)) }
}

/// xoshiro128+ (Blackman and Vigna 2021), one lane, written from the paper.
struct ScalarLane {
  var s: (UInt32, UInt32, UInt32, UInt32)

  init(_ lanes: szk_lanes, _ lane: Int) {
    let words = stateWords(lanes)
    s = (words[lane], words[16 + lane], words[32 + lane], words[48 + lane])
  }

  mutating func next() -> UInt32 {
    let result = s.0 &+ s.3
    let t = s.1 << 9
    s.2 ^= s.0
    s.3 ^= s.1
    s.1 ^= s.2
    s.0 ^= s.3
    s.2 ^= t
    s.3 = s.3 << 11 | s.3 >> 21
    return result
  }

  /// u = ((x >> 8) + 1/2) 2^-24, exactly.
  mutating func uniform() -> Double { (Double(next() >> 8) + 0.5) * 0x1p-24 }
}

/// The lanes of the blocks of `rows` rows.
func lanes(rows: Int, key: UInt64 = 7) -> [szk_lanes] {
  (0..<max(1, (rows + 15) / 16)).map { block in
    var lanes = szk_lanes()
    szk_lanes_seed(&lanes, key, UInt64(block))
    return lanes
  }
}

/// The uniforms that the contract gives to every (row, column): for each tile, for each of the 16
/// rows of a block, one draw of 16 lanes (`draws` of them for Gaussian units).
func documentedUniforms(_ lanes: [szk_lanes], rows: Int, columns: Int, draws: Int = 1)
  -> [[[Double]]]
{
  let width = padded(columns)
  let none = [Double](repeating: 0, count: width)
  var result = [[[Double]]](
    repeating: [[Double]](repeating: none, count: max(16, padded(rows))), count: draws)
  for (block, state) in lanes.enumerated() {
    var generators = (0..<16).map { ScalarLane(state, $0) }
    for tile in 0..<width / 16 {
      for row in 0..<16 {
        for draw in 0..<draws {
          for lane in 0..<16 {
            result[draw][16 * block + row][16 * tile + lane] = generators[lane].uniform()
          }
        }
      }
    }
  }
  return result
}

func softplus(_ x: Double) -> Double { max(x, 0) + log1p(exp(-abs(x))) }

func logistic(_ x: Double) -> Double { 1 / (1 + exp(-x)) }

/// The sum with the rounding of each addition carried along (Neumaier 1974).
func compensatedSum(_ terms: [Double]) -> Double {
  var sum = 0.0
  var rest = 0.0
  for term in terms {
    let next = sum + term
    rest += abs(sum) >= abs(term) ? (sum - next) + term : (term - next) + sum
    sum = next
  }
  return sum + rest
}
