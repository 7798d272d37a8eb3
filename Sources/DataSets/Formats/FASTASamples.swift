internal import NumericalCore

/// Aligned sequences in FASTA, A2M and A3M.
enum FASTASamples {
  /// The records of a file as they stand there.
  private struct Records {
    var names: [String] = []
    var symbols: [UInt8] = []
    /// Where each record ends in `symbols`.
    var ends: [Int] = []

    var count: Int { names.count }

    func range(_ record: Int) -> Range<Int> { (record == 0 ? 0 : ends[record - 1])..<ends[record] }
  }

  /// How letters in lower case and dots are taken.
  private enum Reading {
    /// As they are: the alphabet has them.
    case verbatim
    /// Insertions, which are no columns of the alignment.
    case dropInserts
    /// Lower case is upper case, a dot is a gap.
    case fold
  }

  /// Reads a stream.
  static func read(
    _ stream: ByteStream, options: DataOptions
  ) throws(SzilardError) -> LoadedSamples {
    if options.transpose {
      throw SzilardError(.usage, "\(stream.name): sequences cannot be transposed")
    }
    if options.binarisation != nil {
      throw SzilardError(.usage, "\(stream.name): sequences cannot be binarised")
    }
    if let kind = options.variableKind, kind != .categorical {
      throw SzilardError(
        .usage, "\(stream.name): sequences are categorical; they cannot be read as \(kind.rawValue)"
      )
    }
    var records = try records(stream, limit: options.limit)
    let hasInserts = reading(of: records, alphabet: options.alphabet)
    apply(hasInserts, to: &records)
    let width = try commonLength(records, stream.name)
    let alphabet = options.alphabet ?? guess(records)
    return try encode(records, width: width, alphabet: alphabet, file: stream.name)
  }

  private static func records(
    _ stream: ByteStream, limit: Int?
  ) throws(SzilardError) -> Records {
    var result = Records()
    var line: [UInt8] = []
    var number = 0
    while try stream.readLine(into: &line) {
      number += 1
      if line.first == UInt8(ascii: ">") {
        if let limit, result.count >= limit { break }
        let name = line.drop { $0 == UInt8(ascii: ">") || FileFormat.isBlank($0) }
        if result.count > 0 { result.ends.append(result.symbols.count) }
        result.names.append(String(decoding: name, as: UTF8.self))
      } else if line.first == UInt8(ascii: ";") {
        continue
      } else {
        let symbols = line.filter { !FileFormat.isBlank($0) }
        if symbols.isEmpty { continue }
        guard result.count > 0 else {
          throw SzilardError(
            .badData, "\(stream.name): line \(number): a sequence before the first '>' line")
        }
        result.symbols.append(contentsOf: symbols)
      }
    }
    guard result.count > 0 else {
      throw SzilardError(
        .badData,
        "\(stream.name): " + (number == 0 ? "the file is empty" : "holds no FASTA records"))
    }
    result.ends.append(result.symbols.count)
    return result
  }

  private static func isLower(_ byte: UInt8) -> Bool { byte >= 97 && byte <= 122 }

  /// Inserts are dropped when that leaves an alignment; where only folding leaves one, lower case
  /// was a mask and dots were gaps.
  private static func reading(of records: Records, alphabet: Alphabet?) -> Reading {
    if let alphabet, alphabet.bytes.contains(where: { isLower($0) || $0 == 46 }) {
      return .verbatim
    }
    var hasUpper = false
    var hasLower = false
    for byte in records.symbols {
      if isLower(byte) { hasLower = true } else if byte >= 65, byte <= 90 { hasUpper = true }
    }
    guard hasUpper, hasLower else { return .fold }
    var rawLengths: Set<Int> = []
    var matchLengths: Set<Int> = []
    for record in 0..<records.count {
      let symbols = records.symbols[records.range(record)]
      rawLengths.insert(symbols.count)
      matchLengths.insert(symbols.reduce(0) { $0 + (isLower($1) || $1 == 46 ? 0 : 1) })
    }
    return matchLengths.count > 1 && rawLengths.count == 1 ? .fold : .dropInserts
  }

  private static func apply(_ reading: Reading, to records: inout Records) {
    switch reading {
    case .verbatim: return
    case .fold:
      for index in records.symbols.indices {
        let byte = records.symbols[index]
        if isLower(byte) {
          records.symbols[index] = byte - 32
        } else if byte == 46 {
          records.symbols[index] = 45
        }
      }
    case .dropInserts:
      var kept = 0
      var start = 0
      for record in 0..<records.count {
        for index in start..<records.ends[record] {
          let byte = records.symbols[index]
          if isLower(byte) || byte == 46 { continue }
          records.symbols[kept] = byte
          kept += 1
        }
        start = records.ends[record]
        records.ends[record] = kept
      }
      records.symbols.removeLast(records.symbols.count - kept)
    }
  }

  private static func commonLength(
    _ records: Records, _ file: String
  ) throws(SzilardError) -> Int {
    let width = records.range(0).count
    for record in 0..<records.count {
      let length = records.range(record).count
      guard length > 0 else {
        throw SzilardError(
          .badData, "\(file): record \(record + 1) '\(records.names[record])' has no sequence")
      }
      guard length == width else {
        throw SzilardError(
          .badData,
          "\(file): record \(record + 1) '\(records.names[record])' has \(length) columns, the "
            + "first has \(width); the sequences must be aligned")
      }
    }
    return width
  }

  /// The alphabet that a file is written in: nucleotides when nine in ten symbols are.
  private static func guess(_ records: Records) -> Alphabet {
    var counts = [Int](repeating: 0, count: 256)
    for byte in records.symbols { counts[Int(byte)] += 1 }
    func total(_ text: String) -> Int { text.utf8.reduce(0) { $0 + counts[Int($1)] } }
    let letters = (65...90).reduce(0) { $0 + counts[$1] }
    guard letters > 0, 10 * total("ACGTUN") >= 9 * letters else { return .protein }
    return total("U") > total("T") ? .rna : .dna
  }

  private static func encode(
    _ records: Records, width: Int, alphabet: Alphabet, file: String
  ) throws(SzilardError) -> LoadedSamples {
    let table = alphabet.colourTable
    var kept: [Int] = []
    var foreign: Set<UInt8> = []
    for record in 0..<records.count {
      let strange = records.symbols[records.range(record)].filter { table[Int($0)] == 255 }
      if strange.isEmpty { kept.append(record) } else { foreign.formUnion(strange) }
    }
    let list = foreign.sorted().prefix(12).map {
      $0 > 32 && $0 < 127 ? String(decoding: [$0], as: UTF8.self) : "byte \($0)"
    }.joined(separator: " ")
    guard !kept.isEmpty else {
      throw SzilardError(
        .badData,
        "\(file): every sequence has symbols outside the alphabet \(alphabet.symbols) (\(list)); "
          + "give another alphabet")
    }
    var colours = Matrix<UInt8>(rows: kept.count, columns: width)
    let stride = colours.stride
    colours.withUnsafeMutablePointer { target in
      for (row, record) in kept.enumerated() {
        let start = records.range(record).lowerBound
        for column in 0..<width {
          target[row * stride + column] = table[Int(records.symbols[start + column])]
        }
      }
    }
    var result = LoadedSamples(
      values: .colours(colours, count: alphabet.count), kind: .categorical(alphabet))
    result.names = kept.map { records.names[$0] }
    result.dropped = records.count - kept.count
    if result.dropped > 0 {
      result.kept = kept
      result.notes.append(
        "\(result.dropped) of \(records.count) sequences were dropped: symbols outside the alphabet "
          + "\(alphabet.symbols) (\(list))")
    }
    return result
  }
}
