import Foundation
import NumericalCore
import StochasticThermodynamics
import TestSupport
import Testing

@testable import BoltzmannMachines
@testable import Reporting

@Suite("Audit page and the dissipation of training")
struct AuditPageTests {
  /// A line of metrics.jsonl of a run that kept a ledger.
  private static func record(_ update: Int, dissipated: Estimate?) -> TrainingRecord {
    let estimate = Estimate(
      value: 3, interval: 2.9...3.1, method: "along", effectiveSampleSize: 30)
    return TrainingRecord(
      update: update, epoch: 1, seconds: 1, learningRate: 0.1, logPartitionFunction: estimate,
      logLikelihood: [], singularValues: [1],
      thermodynamics: TrainingThermodynamics(
        updates: 10, work: 0.1, heat: -0.1, totalWork: 1, totalHeat: -1,
        firstLawViolation: 1e-13, logPartitionFunction: estimate, logLikelihood: [],
        dissipatedWork: dissipated))
  }

  private static func dissipated(_ value: Double, isResolved: Bool = true) -> Estimate {
    isResolved
      ? Estimate(
        value: value, interval: value - 0.25...value + 0.25, method: "m", effectiveSampleSize: 9)
      : .unresolved("no probes", value: value, method: "m")
  }

  @Test("dissipation is drawn with intervals; what is unresolved is points without")
  func dissipation() throws {
    let records = [
      AuditPageTests.record(0, dissipated: nil),
      AuditPageTests.record(10, dissipated: AuditPageTests.dissipated(0.5)),
      AuditPageTests.record(20, dissipated: AuditPageTests.dissipated(0.75)),
      AuditPageTests.record(30, dissipated: AuditPageTests.dissipated(1.5, isResolved: false)),
      AuditPageTests.record(40, dissipated: .unresolved("nothing", method: "m")),
    ]
    let figure = try #require(DissipationFigure.make(records))
    #expect(figure.name == "dissipation")
    let resolved = SmallRun.block("series-0", of: figure.data)
    #expect(resolved == [[10, 0.5, 0.25, 0.75], [20, 0.75, 0.5, 1]])
    let others = SmallRun.block("series-1", of: figure.data)
    #expect(others.first?[0] == 30 && others.first?[1] == 1.5 && others.first?[2].isNaN == true)
    #expect(figure.script.contains("quasi-static") && figure.script.contains("unresolved"))
  }

  @Test("one point, or no ledger, is no figure")
  func noDissipation() {
    #expect(DissipationFigure.make([]) == nil)
    #expect(
      DissipationFigure.make([
        AuditPageTests.record(10, dissipated: AuditPageTests.dissipated(1)),
        AuditPageTests.record(20, dissipated: nil),
      ]) == nil)
    var without = AuditPageTests.record(10, dissipated: AuditPageTests.dissipated(1))
    without.thermodynamics = nil
    #expect(DissipationFigure.make([without, without, without]) == nil)
  }

  /// A small machine, audited with what a page needs of figures.
  private static func result() throws -> Audit.Result {
    var audit = Audit()
    audit.trajectories = 2000
    audit.chains = 200
    audit.sweeps = 40
    audit.annealingChains = 100
    audit.ladders = 2
    var random = RandomStream(seed: 1, purpose: .test)
    var machine = RestrictedBoltzmannMachine(
      visible: Layer(kind: .bernoulli, count: 5), hidden: Layer(kind: .bernoulli, count: 3))
    for i in 0..<5 { for j in 0..<3 { machine.weights[i, j] = Float(0.5 * random.normal()) } }
    return try audit.run(
      machine, data: ExactSampling.visibleStates(of: machine, count: 300, seed: 2),
      records: [10, 20, 30].map { record($0, dissipated: dissipated(0.1 * Double($0))) })
  }

  private func expectSelfContained(_ page: String) {
    for bad in ["http://", "https://", "<script", "@import", "<link", "NaN", "nan<"] {
      #expect(!page.contains(bad), "\(bad)")
    }
    for reference in page.matches(of: #/(?:href|src)=["']([^"']*)["']/#).map({ $0.output.1 }) {
      #expect(
        reference.hasPrefix("data:image/png;base64,")
          || !reference.contains(":") && !reference.hasPrefix("/"), "\(reference)")
    }
  }

  @Test("every check is a row, every figure is there with its script and data")
  func page() throws {
    try temporaryDirectory { parent in
      let result = try AuditPageTests.result()
      var page = AuditPage(model: "a<b>&'m'", seed: 7, result: result)
      page.gnuplot = nil
      let folder = parent.appendingPathComponent("deep/audit").path
      let written = try page.write(to: folder)
      #expect(written.page == folder + "/audit.html")
      #expect(written.notes.count == 1 && written.notes[0].contains("gnuplot"))
      let html = try String(contentsOfFile: written.page, encoding: .utf8)
      expectSelfContained(html)
      #expect(html.contains("a&lt;b&gt;&amp;&#39;m&#39;") && !html.contains("a<b>"))
      #expect(html.contains("Seed 7"))
      for check in result.checks {
        #expect(html.contains("<td>\(HTML.escape(check.name))</td>"), "\(check.name)")
      }
      let passed = result.checks.filter { $0.verdict == .pass }.count
      #expect(html.contains("\(passed) of \(result.checks.count) checks pass"))
      #expect(html.components(separatedBy: "class=\"good\"").count == passed + 1)
      for name in ["heat-exchange", "work", "dissipation", "acceptance", "thermalisation"] {
        #expect(html.contains("<figure id=\"\(name)\">"), "\(name)")
        for suffix in ["gp", "dat"] {
          #expect(
            FileManager.default.fileExists(atPath: "\(folder)/figures/\(name).\(suffix)"))
        }
      }
    }
  }

  @Test("with gnuplot every picture is in the page", .enabled(if: Gnuplot.find() != nil))
  func drawn() throws {
    try temporaryDirectory { parent in
      let page = AuditPage(model: "m", seed: 1, result: try AuditPageTests.result())
      let written = try page.write(to: parent.path)
      #expect(written.notes.isEmpty, "\(written.notes)")
      let html = try String(contentsOfFile: written.page, encoding: .utf8)
      #expect(html.components(separatedBy: "<svg").count == 6)
      expectSelfContained(html)
      let names = html.matches(of: #/\bid=["']([^"']*)["']/#).map { String($0.output.1) }
      #expect(Set(names).count == names.count)
    }
  }

  @Test("a folder that cannot be made is told")
  func noFolder() throws {
    try temporaryDirectory { parent in
      let file = parent.appendingPathComponent("file")
      try Data("x".utf8).write(to: file)
      let page = AuditPage(model: "m", seed: 1, result: try AuditPageTests.result())
      let error = #expect(throws: SzilardError.self) { try page.write(to: file.path) }
      #expect(error?.kind == .cannotOpen && error?.message.contains(file.path) == true)
    }
  }
}
