public import NumericalCore

/// The symbols of categorical units, in the order of their colours.
///
/// A symbol is one printable ASCII character. Data need not use every symbol: an alignment without
/// a gap has the gap's colour all the same.
public struct Alphabet: Sendable, Hashable, CustomStringConvertible {
  /// The symbols, colour 0 first.
  public let symbols: String
  /// Colour → byte.
  let bytes: [UInt8]

  /// The gap and the twenty amino acids: `-ACDEFGHIKLMNPQRSTVWY`.
  public static let protein = Alphabet(unchecked: "-ACDEFGHIKLMNPQRSTVWY")
  /// The gap and the four nucleotides of RNA: `-ACGU`.
  public static let rna = Alphabet(unchecked: "-ACGU")
  /// The gap and the four nucleotides of DNA: `-ACGT`.
  public static let dna = Alphabet(unchecked: "-ACGT")

  /// The largest number of symbols: the printable ASCII characters.
  public static let largestCount = 94

  /// The alphabet of a name (`protein`, `rna`, `dna`) or of the given symbols.
  ///
  /// - Parameter text: A name, or the symbols themselves, colour 0 first.
  /// - Throws: `usage` when symbols are not distinct printable ASCII characters or fewer than two.
  public init(_ text: String) throws(SzilardError) {
    switch text.lowercased() {
    case "protein": self = .protein
    case "rna": self = .rna
    case "dna": self = .dna
    default:
      let bytes = Array(text.utf8)
      guard bytes.allSatisfy({ $0 > 32 && $0 < 127 }) else {
        throw SzilardError(
          .usage, "alphabet '\(text)': symbols are printable ASCII characters without blanks")
      }
      guard Set(bytes).count == bytes.count else {
        throw SzilardError(.usage, "alphabet '\(text)': a symbol occurs twice")
      }
      guard bytes.count >= 2 else {
        throw SzilardError(
          .usage, "alphabet '\(text)': give protein, rna, dna, or at least two symbols")
      }
      self.init(unchecked: text)
    }
  }

  /// An alphabet for `count` colours without meaning: digits, then capitals, then the rest.
  ///
  /// - Precondition: `count` is in `1 ... 94`.
  public static func numbered(_ count: Int) -> Alphabet {
    precondition(count >= 1 && count <= largestCount, "an alphabet of \(count) symbols")
    let order =
      Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)
    let rest = (33...126).map { UInt8($0) }.filter { !order.contains($0) }
    return Alphabet(unchecked: String(decoding: (order + rest).prefix(count), as: UTF8.self))
  }

  private init(unchecked symbols: String) {
    self.symbols = symbols
    bytes = Array(symbols.utf8)
  }

  /// The number of symbols, q.
  public var count: Int { bytes.count }

  /// The symbols.
  public var description: String { symbols }

  /// The colour of a symbol; nil for a foreign one.
  public func colour(of symbol: Character) -> Int? {
    symbol.asciiValue.flatMap { bytes.firstIndex(of: $0) }
  }

  /// The symbol of a colour.
  public func symbol(of colour: Int) -> Character { Character(Unicode.Scalar(bytes[colour])) }

  /// The text of a sequence of colours.
  public func text(of colours: some Sequence<UInt8>) -> String {
    String(decoding: colours.map { bytes[Int($0)] }, as: UTF8.self)
  }

  /// Byte → colour, 255 for foreign bytes.
  var colourTable: [UInt8] {
    var table = [UInt8](repeating: 255, count: 256)
    for (colour, byte) in bytes.enumerated() { table[Int(byte)] = UInt8(colour) }
    return table
  }
}
