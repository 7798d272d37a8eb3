internal import Foundation
internal import NumericalCore

/// Bins of equal information, and how well a line of logits fits them.
///
/// With p the probabilities that the line gives to single values,
///
///     χ² = Σ_bins (n₊ − Σp)² / Σp(1 − p)
///
/// Values are never averaged before p is taken, so that the width of a bin does not matter.
struct BinnedLine {
  /// Σp(1 − p) that a bin needs for χ² to be what its name says.
  static let minimumInformation = 10.0

  /// The bins from left to right.
  private(set) var bins: [FluctuationBin] = []
  /// χ².
  private(set) var statistic = 0.0
  /// How many bins hold enough to enter χ².
  private(set) var tested = 0

  /// - Parameters:
  ///   - line: Its abscissae ascend.
  ///   - at: The line to be tested.
  ///   - count: About how many bins.
  ///   - logCountRatio: ln N₊/N₋ of two samples; 0 for one.
  ///   - tolerance: Abscissae that differ by no more are one value.
  init(
    _ line: LogisticLine, at: LogisticLine.Parameters, count: Int, logCountRatio: Double,
    tolerance: Double, effectiveFraction: Double
  ) {
    let x = line.x
    let probabilities = x.map { line.probability($0, at) }
    let total = probabilities.reduce(0) { $0 + $1 * (1 - $1) }
    let wanted = max(BinnedLine.minimumInformation / effectiveFraction, total / Double(count))
    var ends: [Int] = []
    var held = 0.0
    for index in x.indices {
      held += probabilities[index] * (1 - probabilities[index])
      let isLast = index == x.count - 1
      if held >= wanted * (1 - 1e-9), isLast || x[index + 1] - x[index] > tolerance {
        ends.append(index + 1)
        held = 0
      }
    }
    // What is left over joins the last bin.
    if let last = ends.indices.last { ends[last] = x.count } else { ends = [x.count] }
    var begin = 0
    for end in ends where end > begin {
      add(
        line, begin..<end, at, probabilities, logCountRatio: logCountRatio,
        effectiveFraction: effectiveFraction)
      begin = end
    }
  }

  private mutating func add(
    _ line: LogisticLine, _ range: Range<Int>, _ at: LogisticLine.Parameters,
    _ probabilities: [Double], logCountRatio: Double, effectiveFraction: Double
  ) {
    let positive = range.reduce(0) { $0 + (line.y[$1] ? 1 : 0) }
    let negative = range.count - positive
    let expected = range.reduce(0) { $0 + probabilities[$1] }
    let information = range.reduce(0) { $0 + probabilities[$1] * (1 - probabilities[$1]) }
    if information * effectiveFraction >= BinnedLine.minimumInformation * (1 - 1e-9) {
      let residual = Double(positive) - expected
      statistic += residual * residual / information * effectiveFraction
      tested += 1
    }
    let (a, b) = (Double(positive) + 0.5, Double(negative) + 0.5)
    bins.append(
      FluctuationBin(
        centre: centre(line, range, at, expected / Double(range.count)), positive: positive,
        negative: negative, logRatio: log(a / b) - logCountRatio,
        standardError: ((1 / a + 1 / b) / effectiveFraction).squareRoot()))
  }

  /// Where the line has the mean probability of the bin, so that a point of a wide bin lies on the line
  /// if its values do.
  private func centre(
    _ line: LogisticLine, _ range: Range<Int>, _ at: LogisticLine.Parameters, _ probability: Double
  ) -> Double {
    let (low, high) = (line.x[range.lowerBound], line.x[range.upperBound - 1])
    let position = (logit(probability) - line.offset - at.intercept) / at.slope
    guard at.slope != 0, position.isFinite else {
      return range.reduce(0) { $0 + line.x[$1] } / Double(range.count)
    }
    return min(high, max(low, position))
  }
}
