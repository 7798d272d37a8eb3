internal import NumericalCore

/// Turns the rows of a file into samples while they are read: bits as long as the values allow it,
/// so that a binary file of any number format takes an eighth of a byte a value.
struct SampleAccumulator {
  /// What the values become.
  private enum Target {
    case automatic
    case binary
    case spin
    case continuous
    case categorical(largest: Int)
    case threshold(Double)
    case probabilities(UInt64)
  }

  private enum Storage {
    case bits
    case reals
    case colours
  }

  private let file: String
  /// What a row of the file is called in messages: `row` or `line`.
  private let rowWord: String
  private let options: DataOptions
  private let target: Target
  private let swapsAxes: Bool

  private var storage: Storage
  private(set) var rows = 0
  private(set) var columns = -1
  private var words: [UInt64] = []
  private var colours: [UInt8] = []
  private var largestColour = 0
  /// Blocks of whole rows, so that the last step does not hold everything twice.
  private var blocks: [[Float]] = []
  private static let valuesPerBlock = 1 << 20
  /// The value of unset bits, once one was seen: 0 or −1.
  private var lowValue: Double?

  /// An accumulator for the rows of a file.
  ///
  /// - Parameter swapsAxes: Rows are units; ``finish()`` transposes.
  init(
    file: String, options: DataOptions, kind: RequestedKind?, swapsAxes: Bool,
    rowWord: String = "row"
  ) {
    self.file = file
    self.options = options
    self.rowWord = rowWord
    self.swapsAxes = swapsAxes
    switch options.binarisation {
    case .threshold(let threshold)?: target = .threshold(threshold)
    case .probabilities(let seed)?: target = .probabilities(seed)
    case nil:
      switch kind {
      case nil: target = .automatic
      case .binary: target = .binary
      case .spin: target = .spin
      case .continuous: target = .continuous
      case .categorical:
        target = .categorical(largest: (options.alphabet?.count ?? Alphabet.largestCount) - 1)
      }
    }
    switch target {
    case .continuous: storage = .reals
    case .categorical: storage = .colours
    default: storage = .bits
    }
  }

  /// Whether no further rows are wanted.
  var isFull: Bool { !swapsAxes && options.limit.map { rows >= $0 } ?? false }

  /// Adds a row; `number` is how messages count it.
  mutating func append(_ row: [Double], number: Int? = nil) throws(SzilardError) {
    let number = number ?? rows + 1
    if columns < 0 {
      guard !row.isEmpty else {
        throw SzilardError(.badData, "\(file): \(rowWord) \(number) holds no values")
      }
      columns = row.count
    }
    guard row.count == columns else {
      throw SzilardError(
        .badData,
        "\(file): \(rowWord) \(number) holds \(row.count) values, the first holds \(columns)")
    }
    for column in row.indices where !row[column].isFinite {
      throw SzilardError(
        .badData, "\(place(number, column)) holds \(row[column]); values must be finite")
    }
    switch storage {
    case .bits: try appendBits(row, number)
    case .reals: appendReals(row)
    case .colours: try appendColours(row, number)
    }
    rows += 1
  }

  private func place(_ number: Int, _ column: Int) -> String {
    "\(file): \(rowWord) \(number), column \(column + 1)"
  }

  private mutating func appendBits(_ row: [Double], _ number: Int) throws(SzilardError) {
    let start = words.count
    let count = (columns + 63) / 64
    words.append(contentsOf: repeatElement(0, count: count))
    switch target {
    case .threshold(let threshold):
      for column in row.indices where row[column] > threshold {
        words[start + column >> 6] |= 1 << UInt64(column & 63)
      }
    case .probabilities(let seed):
      var stream = RandomStream(seed: seed, purpose: .binarisation, index: UInt64(rows))
      for column in row.indices {
        guard row[column] >= 0, row[column] <= 1 else {
          throw SzilardError(
            .badData,
            "\(place(number, column)) holds \(row[column]), which is no probability in [0, 1]; "
              + "use a threshold instead")
        }
        if stream.uniform() < row[column] { words[start + column >> 6] |= 1 << UInt64(column & 63) }
      }
    default:
      for column in row.indices {
        let value = row[column]
        if value == 1 {
          words[start + column >> 6] |= 1 << UInt64(column & 63)
        } else if value == 0 || value == -1, lowValue == nil || lowValue == value {
          lowValue = value
        } else {
          words.removeLast(count)
          try becomeReals(because: value, number, column)
          appendReals(row)
          return
        }
      }
    }
  }

  /// The values are not two-valued after all.
  private mutating func becomeReals(
    because value: Double, _ number: Int, _ column: Int
  ) throws(SzilardError) {
    switch target {
    case .binary, .spin:
      let expected =
        if let lowValue { lowValue == 0 ? "0 and 1" : "-1 and 1" } else { "0 and 1, or -1 and 1" }
      throw SzilardError(
        .badData,
        "\(place(number, column)) holds \(value), but the data are read as two-valued "
          + "(\(expected)); --binarize makes bits of real values")
    default: break
    }
    storage = .reals
    let low = Float(lowValue ?? 0)
    let wordsPerRow = (columns + 63) / 64
    for row in 0..<rows {
      appendReals(
        (0..<columns).map { column in
          words[row * wordsPerRow + column >> 6] >> UInt64(column & 63) & 1 == 1 ? 1 : Double(low)
        })
    }
    words = []
  }

  private mutating func appendReals(_ row: [Double]) {
    if blocks.last.map({ $0.count + columns > SampleAccumulator.valuesPerBlock }) ?? true {
      blocks.append([])
    }
    blocks[blocks.count - 1].append(contentsOf: row.lazy.map { Float($0) })
  }

  private mutating func appendColours(_ row: [Double], _ number: Int) throws(SzilardError) {
    guard case .categorical(let largest) = target else { return }
    for column in row.indices {
      guard let colour = Int(exactly: row[column]), colour >= 0, colour <= largest else {
        throw SzilardError(
          .badData,
          "\(place(number, column)) holds \(row[column]); categorical data are integers from 0 to "
            + "\(largest)")
      }
      largestColour = max(largestColour, colour)
      colours.append(UInt8(colour))
    }
  }

  /// The samples and what they are.
  mutating func finish() throws(SzilardError) -> (
    values: StateMatrix, kind: VariableKind, notes: [String]
  ) {
    guard rows > 0, columns > 0 else {
      throw SzilardError(.badData, "\(file): holds no samples")
    }
    var notes: [String] = []
    let kind: VariableKind
    var values: StateMatrix
    switch storage {
    case .bits:
      values = .bits(takeBits())
      (kind, notes) = kindOfBits()
    case .reals:
      values = .reals(takeReals())
      kind = .continuous
    case .colours:
      let alphabet = options.alphabet ?? .numbered(max(2, largestColour + 1))
      values = .colours(
        Matrix(rows: rows, columns: columns, elements: colours), count: alphabet.count)
      colours = []
      kind = .categorical(alphabet)
    }
    if swapsAxes { values = values.transposed }
    if let limit = options.limit, values.rows > limit {
      values = values.selectingRows(0..<limit)
    }
    return (values, kind, notes)
  }

  private func kindOfBits() -> (VariableKind, [String]) {
    switch target {
    case .spin:
      return (.spin, lowValue == 0 ? ["values 0 and 1 were read as spins -1 and +1"] : [])
    case .binary:
      return (.binary, lowValue == -1 ? ["values -1 and 1 were read as 0 and 1"] : [])
    case .automatic: return (lowValue == -1 ? .spin : .binary, [])
    default: return (options.variableKind == .spin ? .spin : .binary, [])
    }
  }

  private mutating func takeBits() -> BitMatrix {
    var matrix = BitMatrix(rows: rows, columns: columns)
    let count = words.count
    matrix.withUnsafeMutablePointer { pointer in
      words.withUnsafeBufferPointer { source in
        if let base = source.baseAddress { pointer.update(from: base, count: count) }
      }
    }
    words = []
    return matrix
  }

  private mutating func takeReals() -> Matrix<Float> {
    var matrix = Matrix<Float>(rows: rows, columns: columns)
    let stride = matrix.stride
    let columns = columns
    var row = 0
    for index in blocks.indices {
      let block = blocks[index]
      blocks[index] = []
      matrix.withUnsafeMutablePointer { pointer in
        block.withUnsafeBufferPointer { source in
          guard let base = source.baseAddress else { return }
          for start in Swift.stride(from: 0, to: block.count, by: columns) {
            (pointer + row * stride).update(from: base + start, count: columns)
            row += 1
          }
        }
      }
    }
    blocks = []
    return matrix
  }
}

extension StateMatrix {
  /// Units become samples and samples units.
  var transposed: StateMatrix {
    switch self {
    case .reals(let matrix): return .reals(matrix.transposed)
    case .colours(let matrix, let count): return .colours(matrix.transposed, count: count)
    case .bits(let bits):
      var result = BitMatrix(rows: bits.columns, columns: bits.rows)
      let resultWords = result.wordsPerRow
      result.withUnsafeMutablePointer { target in
        bits.withUnsafePointer { source in
          for row in 0..<bits.rows {
            for word in 0..<bits.wordsPerRow {
              var rest = source[row * bits.wordsPerRow + word]
              while rest != 0 {
                let column = word << 6 + rest.trailingZeroBitCount
                target[column * resultWords + row >> 6] |= 1 << UInt64(row & 63)
                rest &= rest - 1
              }
            }
          }
        }
      }
      return .bits(result)
    }
  }
}
