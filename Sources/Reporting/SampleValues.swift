internal import BoltzmannMachines
internal import NumericalCore

/// States of the visible units as numbers that a figure shows.
struct SampleValues {
  let states: StateMatrix
  let kind: UnitKind

  var rows: Int { states.rows }
  var columns: Int { states.columns }

  /// 0 or 1, −1 or +1, the colour, or the real value.
  func value(_ row: Int, _ column: Int) -> Double {
    switch states {
    case .bits(let bits): bits[row, column] ? 1 : kind == .spin ? -1 : 0
    case .colours(let colours, _): Double(colours[row, column])
    case .reals(let reals): Double(reals[row, column])
    }
  }

  /// The values of one sample.
  func row(_ row: Int) -> [Double] { (0..<columns).map { value(row, $0) } }

  /// Up to `count` samples, spread evenly.
  func some(_ count: Int) -> SampleValues {
    guard count < rows else { return self }
    return SampleValues(
      states: states.selectingRows((0..<count).map { $0 * rows / count }), kind: kind)
  }

  /// A value without a fraction as an integer, for short data files.
  static func text(_ value: Double) -> String {
    value.rounded() == value && abs(value) < 1e9 ? String(Int(value)) : NumberText.data(value)
  }
}
