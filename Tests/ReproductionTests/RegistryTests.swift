import BoltzmannMachines
import DataSets
import Foundation
import NumericalCore
import StochasticThermodynamics
import TestSupport
import Testing

@testable import Reporting
@testable import Reproductions

/// The registry as a table.
@Suite struct RegistryTests {
  @Test func namesAreUniqueAndInOrder() {
    #expect(Set(Registry.all.map(\.id)).count == Registry.all.count)
    var left = Registry.all.map(\.id)
    for prefix in ["bm-r", "sgd-f", "diff-f", "diff-t"] {
      let names = left.prefix { $0.hasPrefix(prefix) }
      let numbers = names.map { Int($0.dropFirst(prefix.count)) ?? -1 }
      #expect(!numbers.isEmpty && numbers == numbers.sorted())
      left.removeFirst(names.count)
    }
    #expect(left.isEmpty, "\(left)")
  }

  @Test func entriesSayWhatTheyAre() {
    for entry in Registry.all {
      for text in [entry.title, entry.paper, entry.claim, entry.settings, entry.criterion] {
        #expect(!text.isEmpty, "\(entry.id)")
      }
    }
  }

  @Test func entriesAreFoundByName() throws {
    #expect(try Registry.entries(named: []).count == Registry.all.count)
    #expect(try Registry.entries(named: ["bm-r3", "bm-r1"]).map(\.id) == ["bm-r1", "bm-r3"])
    let error = #expect(throws: SzilardError.self) {
      try Registry.entries(named: ["bm-r1", "bm-r99"])
    }
    #expect(error?.kind == .usage)
    #expect(error?.message.contains("bm-r99") == true)
    #expect(error?.message.contains("bm-r3") == true)
  }

  @Test(arguments: ["bm-r1", "bm-r3", "diff-f4"], [1, 2])
  func exactEntriesPassForAnySeed(_ id: String, _ seed: UInt64) throws {
    var context = ReproductionContext()
    context.seed = seed
    let outcome = try #require(try Registry.entries(named: [id]).first).run(context)
    for check in outcome.checks { #expect(check.verdict == .pass, "\(check)") }
    #expect(!outcome.figures.isEmpty)
  }

  @Test func criteriaDecide() {
    #expect(Check.exact("x", 1e-13, atMost: 1e-12).verdict == .pass)
    #expect(Check.exact("x", 1e-11, atMost: 1e-12).verdict == .fail)
    #expect(Check.exact("x", .nan, atMost: 1e-12).verdict == .fail)
    #expect(Check.exact("x", 0.5, atLeast: 1).verdict == .fail)
    func measured(_ value: Double, _ error: Double, _ tolerance: Double) -> Check.Verdict {
      Check.measured(
        "x", value, standardError: error, expected: 1, tolerance: tolerance, trajectories: 1
      ).verdict
    }
    #expect(measured(1.02, 0.01, 0.1) == .pass)
    #expect(measured(1.04, 0.01, 0.1) == .fail)
    // Within three standard errors, but not within the tolerance.
    #expect(measured(1.2, 0.1, 0.1) == .unresolved)
    #expect(measured(.nan, 0.1, 0.1) == .unresolved)
    #expect(measured(1, 0, 0.1) == .unresolved)
    #expect(measured(1, .infinity, 0.1) == .unresolved)
  }

  @Test func weightedLineIsExactOnALine() {
    let line = WeightedLine([(0, 1, 2), (1, 3, 1), (4, 9, 5)])
    #expect(isClose(line.slope, 2, relative: 1e-12))
    #expect(isClose(line.intercept, 1, relative: 1e-12))
  }

  /// ln Z of the Ising model as a machine with a hidden spin a bond.
  @Test func bondMachinesAreTheIsingModel() throws {
    for (coupling, expected) in [
      (0.2, 22.7463938544), (0.44068679350977147, 29.4292249342), (0.6, 34.8643443635),
    ] {
      let bonds = ReproductionMachines.bonds(
        of: IsingModel(size: 3, inverseTemperature: coupling))
      let exact = try ExactEnumeration.logPartitionFunction(of: bonds.machine)
      #expect(abs(exact - bonds.logPartitionFunction) < 1e-8)
      #expect(abs(exact - expected) < 1e-5)
    }
  }
}

/// The page and the JSON of results.
@Suite struct ReproductionPageTests {
  private func result() -> ReproductionResult {
    let entry = Reproduction(
      id: "bm-r0", title: "A <b>title</b>", paper: "A & B", claim: "c", settings: "s",
      criterion: "x < 1", run: { _ in ReproductionOutcome(measured: [], checks: []) })
    let outcome = ReproductionOutcome(
      measured: [("a", 1.5), ("b", .infinity)],
      checks: [
        Check(
          name: "n", statistic: 2, expected: 1, interval: 1...3, verdict: .unresolved,
          trajectories: 3, reason: "too <few>")
      ],
      figures: [
        Figure(name: "bm-r0-f", title: "F", caption: "c", script: "nonsense", data: "1 2\n")
      ])
    return ReproductionResult(entry: entry, outcome: outcome, seconds: 0.123)
  }

  @Test func thePageIsWholeAndEscaped() throws {
    try temporaryDirectory { folder in
      var page = ReproductionPage(results: [result()], settings: [("seed", "1")])
      page.gnuplot = nil
      let path = folder.appendingPathComponent("new/page").path
      let written = try page.write(to: path)
      #expect(written.notes.count == 1)
      let html = try String(contentsOfFile: written.page, encoding: .utf8)
      for text in [
        "bm-r0", "A &lt;b&gt;title", "A &amp; B", "x &lt; 1", "unresolved", "too &lt;few",
      ] {
        #expect(html.contains(text), "\(text)")
      }
      for name in ["bm-r0-f.gp", "bm-r0-f.dat"] {
        #expect(FileManager.default.fileExists(atPath: path + "/figures/" + name))
      }
    }
  }

  @Test func aFigureThatFailsIsANote() throws {
    guard let gnuplot = Gnuplot.find() else { return }
    try temporaryDirectory { folder in
      var page = ReproductionPage(results: [result()], settings: [])
      page.gnuplot = gnuplot
      let written = try page.write(to: folder.path)
      #expect(written.notes.contains { $0.contains("bm-r0-f") })
    }
  }

  @Test func resultsAreJSON() throws {
    let data = try JSONEncoder().encode([result()])
    let list = try #require(try JSONSerialization.jsonObject(with: data) as? [[String: Any]])
    let entry = try #require(list.first)
    #expect(entry["id"] as? String == "bm-r0")
    #expect(entry["verdict"] as? String == "unresolved")
    #expect(entry["criterion"] as? String == "x < 1")
    let measured = try #require(entry["measured"] as? [String: Any])
    #expect(measured["a"] as? Double == 1.5)
    #expect(measured["b"] is NSNull)
    #expect((entry["checks"] as? [[String: Any]])?.count == 1)
  }
}
