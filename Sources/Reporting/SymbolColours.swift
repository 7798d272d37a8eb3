/// Colours of the symbols of sequences.
///
/// Amino acids are coloured by their chemistry, nucleotides each by its own colour, others from dark
/// to light.
struct SymbolColours {
  /// One colour a symbol.
  let colours: [String]
  /// What the colours mean; texts hold letters and blanks only.
  let legend: [(label: String, colour: String)]

  private static let gap = "#E8EBEE"
  private static let classes: [(label: String, symbols: String, colour: String)] = [
    ("gap", "-.", gap), ("aliphatic AILMV", "AILMV", "#E69F00"),
    ("aromatic FWY", "FWY", "#B35900"), ("positive HKR", "HKR", "#0072B2"),
    ("negative DE", "DE", "#D42A4C"), ("polar NQST", "NQST", "#009E73"),
    ("G and P", "GP", "#CC79A7"), ("C", "C", "#F0E442"),
  ]
  private static let bases: [Character: String] = [
    "-": gap, "A": "#009E73", "C": "#0072B2", "G": "#E69F00", "T": "#CC3311", "U": "#CC3311",
  ]

  /// Colours of an alphabet, or of `count` symbols without letters.
  init(count: Int, alphabet: String?) {
    let letters = alphabet.map { Array($0) } ?? []
    let amino = Set(SymbolColours.classes.flatMap { $0.symbols })
    if letters.count == count, Set(letters).isSubset(of: Set(SymbolColours.bases.keys)) {
      colours = letters.map { SymbolColours.bases[$0] ?? SymbolColours.gap }
      legend = zip(letters, colours).map { ($0 == "-" ? "gap" : String($0), $1) }
    } else if letters.count == count, Set(letters).isSubset(of: amino) {
      colours = letters.map { letter in
        SymbolColours.classes.first { $0.symbols.contains(letter) }?.colour ?? SymbolColours.gap
      }
      legend = SymbolColours.classes.filter { one in letters.contains { one.symbols.contains($0) } }
        .map { ($0.label, $0.colour) }
    } else {
      colours = (0..<count).map { FigureStyle.ramp($0, of: count) }
      legend =
        count <= 12
        ? colours.enumerated().map { ("colour \($0.offset)", $0.element) }
        : [("first colour", colours[0]), ("last colour", colours[count - 1])]
    }
  }
}
