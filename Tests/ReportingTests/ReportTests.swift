import BoltzmannMachines
import DataSets
import Foundation
import NumericalCore
import TestSupport
import Testing

@testable import Reporting

@Suite("Report")
struct ReportTests {
  private func page(_ run: SmallRun) throws -> String {
    try String(contentsOfFile: run.folder.reportFile, encoding: .utf8)
  }

  /// A page that loads nothing from anywhere.
  private func expectSelfContained(_ page: String) {
    #expect(!page.contains("http://"))
    #expect(!page.contains("https://"))
    #expect(!page.contains("<script"))
    #expect(!page.contains("@import"))
    #expect(!page.contains("<link"))
    // What is referred to: embedded images, symbols of the same page, files of the run.
    for reference in page.matches(of: #/(?:href|src)=["']([^"']*)["']/#).map({ $0.output.1 }) {
      let isRelative = !reference.contains(":") && !reference.hasPrefix("/")
      #expect(reference.hasPrefix("data:image/png;base64,") || isRelative, "\(reference)")
    }
  }

  @Test("without gnuplot scripts and data are written, and the page says so")
  func withoutGnuplot() throws {
    try temporaryDirectory { parent in
      let run = try SmallRun(in: parent)
      let outcome = try run.report().write()
      #expect(!outcome.hasGnuplot)
      #expect(outcome.report == run.folder.reportFile)
      #expect(outcome.figures.count == 4)
      for drawn in outcome.figures {
        #expect(drawn.svgFile == nil)
        #expect(
          try String(contentsOfFile: drawn.scriptFile, encoding: .utf8) == drawn.figure.script)
        #expect(try String(contentsOfFile: drawn.dataFile, encoding: .utf8) == drawn.figure.data)
      }
      let page = try page(run)
      #expect(page.contains("gnuplot was not found"))
      #expect(!page.contains("<svg"))
      expectSelfContained(page)
    }
  }

  @Test("with gnuplot every picture is in the folder and in the page", .enabled(if: hasGnuplot))
  func withGnuplot() throws {
    try temporaryDirectory { parent in
      let run = try SmallRun(in: parent)
      let outcome = try run.report(gnuplot: Gnuplot.find()).write()
      #expect(outcome.hasGnuplot)
      #expect(outcome.notes.isEmpty)
      let page = try page(run)
      #expect(page.components(separatedBy: "<svg").count == 5)
      for drawn in outcome.figures {
        let file = try #require(drawn.svgFile)
        let svg = try String(contentsOfFile: file, encoding: .utf8)
        #expect(svg.hasSuffix("</svg>\n\n") || svg.contains("</svg>"))
        let inline = try #require(
          HTML.inline(svg: svg, name: drawn.figure.name, label: drawn.figure.title))
        #expect(page.contains(inline))
      }
      expectSelfContained(page)
      // Names in the page are distinct.
      let names = page.matches(of: #/\bid=["']([^"']*)["']/#).map { String($0.output.1) }
      #expect(names.count > 20)
      #expect(Set(names).count == names.count)
      let files = try FileManager.default.contentsOfDirectory(atPath: run.folder.figuresFolder)
      #expect(files.count == 12, "nothing temporary is left: \(files)")
    }
  }

  @Test(
    "every kind of samples can be drawn", .enabled(if: hasGnuplot),
    arguments: ["raster", "potts", "numbered", "plane", "line", "pictures", "alone"])
  func everyKind(_ what: String) throws {
    try temporaryDirectory { parent in
      var run = try SmallRun(in: parent)
      var data: DataSet?
      func machine(_ kind: UnitKind, _ count: Int) -> RestrictedBoltzmannMachine {
        RestrictedBoltzmannMachine(
          visible: Layer(kind: kind, count: count), hidden: Layer(kind: .bernoulli, count: 1))
      }
      func reals(_ count: Int) -> Matrix<Float> {
        Matrix(rows: 3, columns: count, elements: (0..<3 * count).map { Float($0) * 0.5 })
      }
      switch what {
      case "raster":
        run.machine.shape = nil
        data = run.data
      case "potts":
        run.machine = machine(.potts(colours: 21), 3)
        run.machine.alphabet = Alphabet.protein.symbols
        run.chains = .colours(Matrix(rows: 1, columns: 3, elements: [0, 20, 7]), count: 21)
        data = DataSet(
          values: run.chains, variableKind: .categorical(.protein), name: "proteins")
      case "numbered":
        run.machine = machine(.potts(colours: 3), 2)
        run.chains = .colours(Matrix(rows: 2, columns: 2, elements: [0, 1, 2, 0]), count: 3)
        data = DataSet(
          values: run.chains, variableKind: .categorical(.numbered(3)), name: "colours")
      case "plane", "line", "pictures":
        let count = what == "line" ? 1 : what == "plane" ? 2 : 6
        run.machine = machine(.gaussian, count)
        if what == "pictures" { run.machine.shape = [2, 3] }
        run.chains = .reals(reals(count))
        data = DataSet(values: .reals(reals(count)), variableKind: .continuous, name: "reals")
      default: break
      }
      var report = Report(
        folder: run.folder, description: run.description,
        records: run.folder.metrics(as: TrainingRecord.self), machine: run.machine,
        chains: run.chains, data: data)
      report.gnuplot = Gnuplot.find()
      let outcome = try report.write()
      #expect(outcome.figures.allSatisfy { $0.svg != nil }, "\(outcome.notes)")
    }
  }

  @Test(
    "records that say little are drawn too", .enabled(if: hasGnuplot),
    arguments: ["unresolved", "no likelihoods", "zeros", "no spectrum", "decades"])
  func emptyRecords(_ what: String) throws {
    try temporaryDirectory { parent in
      var lines = [
        SmallRun.record(
          update: 0, train: -1, test: -1, exact: nil,
          singularValues: what == "no spectrum" ? [] : what == "zeros" ? [0, 0] : [1, 1],
          unresolved: what == "unresolved" ? "no overlap" : nil)
      ]
      switch what {
      case "unresolved":
        lines[0] = lines[0].replacingOccurrences(of: "[-1.125,-0.875]", with: "[null,null]")
          .replacingOccurrences(of: "\"value\":-1.0", with: "\"value\":null")
      case "no likelihoods":
        let begin = try #require(lines[0].range(of: "\"logLikelihood\":["))
        let end = try #require(lines[0].range(of: "],\"singularValues"))
        lines[0].removeSubrange(begin.upperBound..<end.lowerBound)
      case "decades":
        for update in [1, 10, 1000] {
          lines.append(
            SmallRun.record(
              update: update, train: -1, test: -1, exact: -0.5, singularValues: [0.001, 10]))
        }
      default: break
      }
      let run = try SmallRun(in: parent, records: lines)
      let outcome = try run.report(gnuplot: Gnuplot.find(), isStarted: what == "decades").write()
      #expect(outcome.figures.count == (what == "decades" ? 4 : what == "no spectrum" ? 1 : 2))
      #expect(outcome.figures.allSatisfy { $0.svg != nil }, "\(outcome.notes)")
    }
  }

  @Test("a gnuplot that fails is told, and the page is written all the same")
  func failingGnuplot() throws {
    try temporaryDirectory { parent in
      let run = try SmallRun(in: parent)
      let program = parent.appendingPathComponent("gnuplot")
      try "#!/bin/sh\necho '\"x.gp\" line 3: <undefined> & broken' >&2\nexit 3\n"
        .write(to: program, atomically: true, encoding: .utf8)
      try FileManager.default.setAttributes(
        [.posixPermissions: 0o755], ofItemAtPath: program.path)
      // An older picture must not stay beside new data.
      try FileManager.default.createDirectory(
        atPath: run.folder.figuresFolder, withIntermediateDirectories: true)
      let stale = run.folder.figuresFolder + "/samples.svg"
      try "old".write(toFile: stale, atomically: true, encoding: .utf8)
      let outcome = try run.report(gnuplot: Gnuplot.find(in: "/nowhere:" + parent.path)).write()
      #expect(outcome.hasGnuplot)
      #expect(outcome.notes.count == 4)
      #expect(outcome.notes[0].contains("status 3"))
      #expect(outcome.notes[0].contains("line 3: <undefined> & broken"))
      #expect(!FileManager.default.fileExists(atPath: stale))
      let page = try page(run)
      #expect(page.contains("line 3: &lt;undefined&gt; &amp; broken"))
      #expect(page.contains("Not drawn"))
    }
  }

  @Test("a gnuplot that does not end is given up", .timeLimit(.minutes(1)))
  func hangingGnuplot() throws {
    try temporaryDirectory { parent in
      let program = parent.appendingPathComponent("gnuplot")
      try "#!/bin/sh\nexec sleep 60\n".write(to: program, atomically: true, encoding: .utf8)
      try FileManager.default.setAttributes(
        [.posixPermissions: 0o755], ofItemAtPath: program.path)
      var gnuplot = Gnuplot(path: program.path)
      gnuplot.patience = 0.2
      let error = #expect(throws: SzilardError.self) {
        try gnuplot.draw("figure", in: parent.path)
      }
      #expect(error?.message.contains("did not end") == true)
    }
  }

  @Test("names from outside are text in the page, never markup")
  func escaping() throws {
    try temporaryDirectory { parent in
      var run = try SmallRun(in: parent)
      run.description.data = "<script>alert(\"1\")</script>&'x'"
      run.description.test = "a<b>\"c\"&d"
      run.description.machine.host = "<img src=x>"
      run.description.reading.alphabet = "<>&\""
      _ = try run.report().write()
      let page = try page(run)
      expectSelfContained(page)
      #expect(!page.contains("<img"))
      #expect(!page.contains("a<b>"))
      #expect(page.contains("&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;&#39;x&#39;"))
      #expect(page.contains("a&lt;b&gt;&quot;c&quot;&amp;d"))
    }
    #expect(HTML.escape("a\u{0}\u{1B}b\n") == "a\u{FFFD}\u{FFFD}b\n")
  }

  @Test("the page tells the result, what was asked, the cost and how to do it again")
  func content() throws {
    try temporaryDirectory { parent in
      let run = try SmallRun(in: parent)
      _ = try run.report().write()
      let page = try page(run)
      for text in [
        "Resolved.", "−2.12", "[−2.25, −2.00]", "0.38", "12.5 s", "1.2.3", "laboratory",
        "--seed 7", "metrics.jsonl", "annealing", "3 records",
      ] {
        #expect(page.contains(text), "\(text)")
      }
      #expect(!page.contains("energy"), "joules are not known")
      #expect(!page.contains("It was better before"))
    }
  }

  @Test("an unresolved result is said in words, and a better one before too")
  func unresolvedResult() throws {
    try temporaryDirectory { parent in
      let lines = [
        SmallRun.record(update: 5, train: -2, test: -2, exact: nil, singularValues: [1]),
        SmallRun.record(update: 10, train: -3, test: -3, exact: nil, singularValues: [1]),
        SmallRun.record(
          update: 20, train: -3, test: -3, exact: nil, singularValues: [1],
          unresolved: "no <overlap>"),
      ]
      let run = try SmallRun(in: parent, records: lines)
      _ = try run.report().write()
      let page = try page(run)
      #expect(page.contains("Unresolved."))
      #expect(page.contains("no &lt;overlap&gt;"))
      #expect(page.contains("It was better before"))
    }
  }

  @Test("a run without records is refused with a message that says what is missing")
  func noRecords() throws {
    try temporaryDirectory { parent in
      let run = try SmallRun(in: parent, records: [])
      let error = #expect(throws: SzilardError.self) { try run.report().write() }
      #expect(error?.kind == .badData)
      #expect(error?.message.contains("metrics.jsonl: holds no record yet") == true)
      #expect(!FileManager.default.fileExists(atPath: run.folder.reportFile))
    }
  }

  @Test("a run interrupted at its start has a report without chains", arguments: [true, false])
  func interruptedAtStart(isDrawn: Bool) throws {
    try temporaryDirectory { parent in
      var run = try SmallRun(in: parent, records: [SmallRun.records[0]])
      run.description.status = "interrupted"
      let outcome = try run.report(gnuplot: isDrawn ? Gnuplot.find() : nil, isStarted: false)
        .write()
      #expect(outcome.figures.map(\.figure.name) == ["learning-curve", "singular-values"])
      #expect(outcome.notes.contains { $0.contains("no checkpoint yet") })
      if isDrawn, hasGnuplot { #expect(outcome.figures.allSatisfy { $0.svg != nil }) }
      #expect(try page(run).contains("interrupted"))
    }
  }
}

private let hasGnuplot = Gnuplot.find() != nil
