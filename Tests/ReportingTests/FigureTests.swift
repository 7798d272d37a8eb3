import BoltzmannMachines
import DataSets
import Foundation
import NumericalCore
import TestSupport
import Testing

@testable import Reporting

@Suite("Figures")
struct FigureTests {
  private func figures(
    _ change: (inout SmallRun) -> Void = { _ in }
  ) throws -> (figures: [Figure], notes: [String]) {
    try temporaryDirectory { parent in
      var run = try SmallRun(in: parent)
      change(&run)
      return try run.report().figures()
    }
  }

  private func figure(
    _ name: String, _ change: (inout SmallRun) -> Void = { _ in }
  ) throws -> Figure {
    try #require(try figures(change).figures.first { $0.name == name })
  }

  @Test("the page has four figures in order")
  func order() throws {
    let result = try figures()
    #expect(
      result.figures.map(\.name) == ["learning-curve", "samples", "two-point", "singular-values"])
    #expect(result.notes.isEmpty)
  }

  @Test("the learning curve has value and interval of each record, unresolved ones apart")
  func learningCurve() throws {
    let figure = try figure("learning-curve")
    #expect(
      SmallRun.block("train", of: figure.data) == [
        [0, -2.75, -2.875, -2.625], [20, -2, -2.125, -1.875],
      ])
    #expect(
      SmallRun.block("test", of: figure.data) == [
        [0, -2.5, -2.625, -2.375], [20, -2.125, -2.25, -2],
      ])
    #expect(
      SmallRun.block("train-unresolved", of: figure.data) == [[10, -2.25, -2.375, -2.125]])
    #expect(SmallRun.block("test-unresolved", of: figure.data) == [[10, -2.375, -2.5, -2.25]])
    // A blank line stands between update 0 and 20, so that no line is drawn across.
    #expect(figure.data.contains("0 -2.75 -2.875 -2.625\n\n20 -2.0"))
    #expect(figure.script.contains("-1.75 with lines"))
    #expect(figure.script.contains("'train-unresolved' using 1:2 with points"))
    #expect(figure.script.contains("pointtype 6"))
    #expect(figure.caption.contains("unresolved"))
    #expect(figure.caption.contains("Hollow grey points (2)"))
    // From −2.875 to −1.75, with 6 % of margin.
    let margin = 0.06 * 1.125
    #expect(figure.script.contains("set yrange [\(-2.875 - margin):\(-1.75 + margin)]"))
    #expect(!figure.script.contains("logscale"))
  }

  @Test("updates over two decades get a logarithmic axis")
  func logarithmicAxis() {
    #expect(FigureStyle.isLogarithmic(updates: [0, 1, 10, 100]))
    #expect(!FigureStyle.isLogarithmic(updates: [0, 25, 500]))
    #expect(!FigureStyle.isLogarithmic(updates: [0]))
    #expect(!FigureStyle.isLogarithmic(updates: []))
  }

  @Test("infinite bounds and values are blanks in the data, not words that gnuplot trips over")
  func infinities() throws {
    let line = SmallRun.record(
      update: 0, train: -1, test: -1, exact: nil, singularValues: [], unresolved: "because"
    ).replacingOccurrences(of: "[-1.125,-0.875]", with: "[null,null]")
      .replacingOccurrences(of: "\"value\":-1.0", with: "\"value\":null")
    let figure = try temporaryDirectory { parent in
      try SmallRun(in: parent, records: [line]).report().figures().figures[0]
    }
    #expect(figure.data.contains("0 NaN NaN NaN"))
    #expect(!figure.data.contains("inf"))
    #expect(figure.script.contains("set yrange ["))
  }

  @Test("samples of a machine with a shape are pictures in a montage")
  func pictures() throws {
    let figure = try figure("samples")
    let model = SmallRun.block("model", of: figure.data)
    // Four pictures of 2 × 2 in a line of eight places, a blank column between them.
    #expect(model.count == 2)
    #expect(model[0].count == 23)
    #expect(Array(model[0][0..<2]) == [1, 1])
    #expect(Array(model[1][0..<2]) == [0, 0])
    #expect(model[0][2].isNaN)
    #expect(Array(model[0][3..<5]) == [0, 0])
    #expect(Array(model[1][3..<5]) == [1, 1])
    #expect(model[0][12...].allSatisfy { $0.isNaN })
    let data = SmallRun.block("data", of: figure.data)
    #expect(Array(data[0][6..<8]) == [1, 0])
    #expect(Array(data[1][6..<8]) == [1, 0])
    #expect(figure.script.contains("matrix with image"))
  }

  @Test("samples without a shape are rows of a raster")
  func raster() throws {
    let figure = try figure("samples") { $0.machine.shape = nil }
    #expect(
      SmallRun.block("model", of: figure.data) == [
        [1, 1, 0, 0], [0, 0, 1, 1], [1, 1, 1, 1], [0, 0, 0, 0],
      ])
  }

  @Test("sequences are a raster of colours with a legend")
  func sequences() throws {
    let figure = try figure("samples") { run in
      run.machine = RestrictedBoltzmannMachine(
        visible: Layer(kind: .potts(colours: 5), count: 2),
        hidden: Layer(kind: .bernoulli, count: 1))
      run.machine.alphabet = "-ACGU"
      run.chains = .colours(Matrix(rows: 2, columns: 2, elements: [0, 4, 2, 1]), count: 5)
      run.data = DataSet(
        values: .colours(Matrix(rows: 1, columns: 2, elements: [3, 3]), count: 5),
        variableKind: .categorical(.rna), name: "rna")
    }
    #expect(SmallRun.block("model", of: figure.data) == [[0, 4], [2, 1]])
    #expect(SmallRun.block("data", of: figure.data) == [[3, 3]])
    #expect(figure.script.contains("maxcolors 5"))
    #expect(figure.script.contains("\"gap\" at screen"))
    #expect(SymbolColours(count: 21, alphabet: Alphabet.protein.symbols).legend.count == 8)
  }

  @Test("continuous units are a scatter of the first two")
  func scatter() throws {
    let figure = try figure("samples") { run in
      run.machine = RestrictedBoltzmannMachine(
        visible: Layer(kind: .gaussian, count: 2), hidden: Layer(kind: .bernoulli, count: 1))
      run.chains = .reals(Matrix(rows: 2, columns: 2, elements: [0.5, -1, 2, 3.25]))
      run.data = DataSet(
        values: .reals(Matrix(rows: 1, columns: 2, elements: [1.5, 0.25])),
        variableKind: .continuous, name: "reals")
    }
    #expect(SmallRun.block("model", of: figure.data) == [[0.5, -1], [2, 3.25]])
    #expect(SmallRun.block("data", of: figure.data) == [[1.5, 0.25]])
  }

  @Test("two-point statistics of chains and data stand side by side")
  func twoPoint() throws {
    let figure = try figure("two-point")
    // Data 1100 0011 1010 1111: means 3/4 1/2 3/4 1/2; chains 1100 0011 1111 0000: all 1/2.
    #expect(
      SmallRun.block("means", of: figure.data) == [
        [0, 0.75, 0.5], [1, 0.5, 0.5], [2, 0.75, 0.5], [3, 0.5, 0.5],
      ])
    #expect(
      SmallRun.block("correlations", of: figure.data) == [
        [0, 1, 0.125, 0.25], [0, 2, -0.0625, 0], [0, 3, -0.125, 0], [1, 2, -0.125, 0],
        [1, 3, 0, 0], [2, 3, 0.125, 0.25],
      ])
    // r of (1/8, −1/16, −1/8, −1/8, 0, 1/8) with (1/4, 0, 0, 0, 0, 1/4), by hand:
    // Σx = −1/16, Σy = 1/2, Σxy = 1/16, Σx² = 17/256, Σy² = 1/8.
    let r = (1 / 16.0 + 1 / 192.0) / ((17 / 256.0 - 1 / 1536.0) * (1 / 8.0 - 1 / 24.0)).squareRoot()
    #expect(figure.script.contains("r = " + NumberText.decimal(r, digits: 3)))
    // The means of the chains do not vary, so they correlate with nothing.
    #expect(figure.script.contains("set title \"Means\""))
    #expect(figure.caption.contains("all 6 pairs"))
    // At most 1/4 / √4 chains.
    #expect(figure.caption.contains("±0.125"))
  }

  @Test("weights of the data enter their two-point statistics")
  func weights() throws {
    let figure = try figure("two-point") { $0.data.weights = [1, 0, 0, 1] }
    #expect(SmallRun.block("means", of: figure.data).map { $0[1] } == [1, 1, 0.5, 0.5])
  }

  @Test("without data the model is shown alone, and the note says why")
  func withoutData() throws {
    try temporaryDirectory { parent in
      let run = try SmallRun(in: parent)
      var report = Report(
        folder: run.folder, description: run.description,
        records: run.folder.metrics(as: TrainingRecord.self), machine: run.machine,
        chains: run.chains, data: nil)
      report.missingData = "gone.npy: there is no such file"
      let result = try report.figures()
      #expect(result.notes.contains { $0.contains("gone.npy") && $0.contains("model alone") })
      let samples = try #require(result.figures.first { $0.name == "samples" })
      #expect(!samples.data.contains("# data"))
      let twoPoint = try #require(result.figures.first { $0.name == "two-point" })
      #expect(
        SmallRun.block("correlations", of: twoPoint.data).map { $0[1] }
          == [0.25, 0.25, 0, 0, 0, 0])
    }
  }

  @Test("data that no longer fit the machine are as good as gone")
  func unfitData() throws {
    let result = try figures { run in
      run.data = DataSet(
        values: .bits(BitMatrix(rows: 3, columns: 5)), variableKind: .binary, name: "other")
    }
    #expect(result.notes.contains { $0.contains("other holds 3 samples of 5 units") })
    #expect(result.figures.count == 4)
  }

  @Test("singular values come from the records, the last spectrum from the machine")
  func singularValues() throws {
    let figure = try figure("singular-values")
    #expect(
      SmallRun.block("training", of: figure.data) == [
        [0, 0.5, 0.25], [10, 1.5, 0.75], [20, 3, 2],
      ])
    let spectrum = SmallRun.block("spectrum", of: figure.data)
    #expect(spectrum.count == 2)
    #expect(isClose(spectrum[0][1], 3, relative: 1e-6))
    #expect(isClose(spectrum[1][1], 2, relative: 1e-6))
  }
}
