internal import NumericalCore

extension CoverageStudy {
  /// Processes with works, from good overlap to none.
  package static let processes: [Process] =
    [0.1, 0.3, 0.5, 0.75, 1, 1.25, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10].map {
      Process.gaussian(deviation: $0)
    } + [1000, 100, 16, 4, 2, 1.1, 0.9, 0.75, 0.6, 0.5, 0.25, 0.06].map { .trap(stiffness: $0) }
    + [
      (0.5, 0.4), (0.2, 0.8), (0.1, 0.9), (0.03, 0.97), (0.01, 0.99), (0.003, 0.9), (0.1, 0.01),
      (0.03, 0.2), (0.03, 0.003), (0.5, 0.01), (0.5, 0.001),
    ].map { .twoStates(from: $0.0, to: $0.1) }

  /// Ladders of oscillators: states, factor of stiffness, distance.
  package static let ladders: [Process] = [
    (2, 1, 0.5), (2, 4, 0), (2, 16, 0), (2, 100, 0), (2, 1, 2), (2, 1, 3), (2, 1, 4), (2, 1, 5),
    (2, 1, 7), (4, 4, 0), (4, 16, 0), (4, 1, 2), (4, 1, 4), (4, 4, 4), (4, 1, 6), (8, 2, 1),
    (8, 100, 0), (8, 1, 3), (8, 1, 5),
  ].map { .ladder(states: $0.0, stiffness: $0.1, shift: $0.2) }

  /// All cells of the full table.
  package static var table: [Cell] {
    var cells: [Cell] = []
    for n in [64, 100, 200, 500, 2000] {
      cells += processes.map { Cell(.exponential, $0, n, 0) }
    }
    for (n, m) in [(20, 20), (100, 100), (500, 500), (2000, 2000), (20, 500), (500, 20)] {
      cells += processes.map { Cell(.bennett, $0, n, m) }
    }
    for n in [20, 100, 500] { cells += ladders.map { Cell(.multistate, $0, n, n) } }
    return cells
  }

  /// The smallest count that covering with probability 0.95 leaves but in one table of a hundred.
  ///
  /// The binomial quantile at 0.01 over the number of cells of the table (Bonferroni), so that a table of
  /// estimators that are as good as their word shows a count below it with probability at most 0.01.
  package static func leastCovered(of resolved: Int, cells: Int) -> Int {
    let level = 0.01 / Double(cells)
    var low = 0
    var high = resolved
    while low < high {
      let middle = (low + high) / 2
      if binomialTails(middle, trials: resolved, probability: 0.95).lower > level {
        high = middle
      } else {
        low = middle + 1
      }
    }
    return low
  }

  /// All rows of a table as text: columns, separated by blanks, under a comment that names them.
  package func tableText(_ cells: [Cell] = CoverageStudy.table) -> String {
    var lines = [
      "# method process parameters forward reverse repeats resolved covered least coveredAll width overlap"
    ]
    for (index, cell) in cells.enumerated() {
      let row = row(cell, index: index)
      let least = CoverageStudy.leastCovered(of: row.resolved, cells: cells.count)
      lines.append(
        "\(row.method.rawValue) \(row.process) \(row.forward) \(row.reverse) \(row.repeats) "
          + "\(row.resolved) \(row.covered) \(least) \(row.coveredAll) "
          + "\(Float(row.width)) \(Float(row.overlap))" + (row.covered < least ? " BELOW" : ""))
    }
    return lines.joined(separator: "\n") + "\n"
  }
}
