internal import Foundation

/// What all figures have in common: size, fonts, lines and colours that the colour-blind tell apart
/// (Okabe and Ito 2008; cividis: Nuñez, Anderton and Renslow 2018, doi:10.1371/journal.pone.0199239).
package enum FigureStyle {
  /// Training data.
  package static let blue = "#0072B2"
  /// Held-out data.
  package static let vermilion = "#D55E00"
  /// What is no result: unresolved points, diagonals.
  package static let grey = "#666666"
  /// Units that are off, and on.
  package static let off = "#DCE3EA"
  package static let on = "#12304A"

  /// Lines that are told apart by name.
  static let named = [
    blue, vermilion, "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000",
  ]

  /// Dark to light, in equal steps.
  package static let cividis = [
    "#00224E", "#123570", "#3B496C", "#575D6D", "#707173", "#8A8678", "#A59C74", "#C3B369",
    "#E1CC55", "#FEE838",
  ]

  /// The beginning of every script.
  package static func prologue(_ name: String, width: Int = 700, height: Int) -> String {
    """
    # Draws \(name).svg from \(name).dat: run "gnuplot \(name).gp" in this folder.
    if (!exists("output")) output = "\(name).svg"
    set encoding utf8
    set terminal svg size \(width),\(height) dynamic enhanced font "sans-serif,14" background "#FFFFFF"
    set output output
    set border 3 linewidth 1 linecolor rgb "#555555"
    set tics nomirror out scale 0.5
    set grid linecolor rgb "#E3E3E3" linewidth 1 dashtype 1
    set key noenhanced samplen 2 spacing 1.2

    """
  }

  /// Text of a caller as a string of gnuplot, without line breaks; to be drawn `noenhanced`.
  static func quoted(_ text: String) -> String {
    let line = String(text.map { $0.isNewline || $0 == "\t" ? " " : $0 })
    return "'" + line.replacingOccurrences(of: "'", with: "''") + "'"
  }

  /// `set title`, `set xlabel` and `set ylabel` with text of a caller.
  static func labels(title: String, x: String, y: String) -> String {
    """
    set title \(quoted(title)) noenhanced
    set xlabel \(quoted(x)) noenhanced
    set ylabel \(quoted(y)) noenhanced

    """
  }

  /// `set palette` with colours in equal steps; `count` bands, or smooth for nil.
  package static func palette(_ colours: [String], bands: Int? = nil) -> String {
    let stops = colours.enumerated().map { "\($0.offset) \"\($0.element)\"" }
    return "set palette defined (\(stops.joined(separator: ", ")))"
      + (bands.map { " maxcolors \($0)" } ?? "") + "\n"
  }

  /// The colour of the k-th of `count` lines, dark to light, without the light end.
  package static func ramp(_ index: Int, of count: Int) -> String {
    guard count > 1 else { return cividis[0] }
    return cividis[index * (cividis.count - 3) / (count - 1)]
  }

  /// `set xrange` and tics of an axis of updates.
  package static func updateAxis(_ updates: [Int], tics: Int) -> String {
    let last = Double(updates.max() ?? 0)
    if isLogarithmic(updates: updates) {
      let first = Double(updates.filter { $0 > 0 }.min() ?? 1)
      return "set logscale x\nset format x \"10^{%L}\"\nset xrange [\(first / 1.15):\(last * 1.15)]"
    }
    let first = Double(updates.min() ?? 0)
    let margin = last > first ? 0.02 * (last - first) : 1
    let step = max(1, ticStep(last - first, about: tics))
    return "set format x \"%.0f\"\nset xtics \(step)\n"
      + "set xrange [\(first - margin):\(last + margin)]"
  }

  /// A round distance of tics, such that a length has about so many.
  package static func ticStep(_ length: Double, about count: Int) -> Double {
    guard length > 0, length.isFinite else { return 1 }
    let wished = length / Double(count)
    let power = pow(10, log10(wished).rounded(.down))
    return ([1, 2, 5].first { $0 * power >= wished } ?? 10) * power
  }

  /// Whether an axis of updates is logarithmic: where the records span two decades.
  package static func isLogarithmic(updates: [Int]) -> Bool {
    let positive = updates.filter { $0 > 0 }
    guard let first = positive.min(), let last = positive.max() else { return false }
    return last >= 100 * first
  }
}
