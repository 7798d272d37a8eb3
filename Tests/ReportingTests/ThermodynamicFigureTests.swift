import Foundation
import NumericalCore
import StochasticThermodynamics
import TestSupport
import Testing

@testable import Reporting

@Suite("Figures of work and heat")
struct ThermodynamicFigureTests {
  static let bins = (0..<12).map { index -> FluctuationBin in
    let x = 0.25 + 0.5 * Double(index)
    return FluctuationBin(
      centre: x, positive: 100 - index, negative: 40, logRatio: 0.4 * x + 0.02 * sin(9 * x),
      standardError: 0.02 + 0.01 * Double(index))
  }

  private static func normals(_ mean: Double, _ deviation: Double, _ index: UInt64) -> [Double] {
    var random = RandomStream(seed: 5, purpose: .test, index: index)
    return (0..<4000).map { _ in mean + deviation * random.normal() }
  }

  static let figures: [Figure] = {
    let difference = Estimate(
      value: 2, interval: 1.9...2.1, method: "exact", effectiveSampleSize: 1)
    let x = (0...40).map { 1 + Double($0) }
    return [
      FluctuationFigure.make(
        name: "heat-exchange", title: "Heat exchange (β₁ − β₂ = 0.4)", bins: bins,
        expectedSlope: 0.4, fit: (slope: 0.41, intercept: -0.01), xLabel: "heat Q"),
      WorkHistogramFigure.make(
        name: "works", title: "It's work", forward: normals(2.5, 1, 1),
        reverse: normals(-1.5, 1, 2), freeEnergyDifference: difference),
      SeriesFigure.make(
        name: "series", title: "Two_curves", caption: "Curves.", xLabel: "updates",
        yLabel: "value",
        series: [
          .init(
            name: "falling_1", x: x, y: x.map { 1 / $0 }, low: x.map { 0.8 / $0 },
            high: x.map { 1.2 / $0 }),
          .init(name: "it's flat", x: x, y: x.map { $0 == 7 ? .nan : 0.5 }, style: .points),
        ],
        references: [
          .init(value: 0.3, name: "limit"), .init(value: 10, name: "k", isVertical: true),
        ],
        isXLogarithmic: true),
    ]
  }()

  @Test("points are values with 95 % bars, beside the line of theory")
  func fluctuation() {
    let figure = ThermodynamicFigureTests.figures[0]
    let rows = SmallRun.block("bins", of: figure.data)
    #expect(rows.count == 12)
    let bin = ThermodynamicFigureTests.bins[3]
    #expect(rows[3][0] == bin.centre && rows[3][1] == bin.logRatio)
    #expect(isClose(rows[3][3] - rows[3][2], 2 * 1.959963984540054 * bin.standardError))
    #expect(Array(rows[3][4...]) == [97, 40])
    #expect(figure.script.contains("0.4 * x + 0.0 with lines"))
    #expect(figure.script.contains("0.41 * x + -0.01 with lines"))
    #expect(figure.caption.contains("dashed"))
  }

  @Test("histograms are densities over the same bins, the reverse works mirrored")
  func histograms() {
    let figure = ThermodynamicFigureTests.figures[1]
    let forward = SmallRun.block("forward", of: figure.data)
    let reverse = SmallRun.block("reverse", of: figure.data)
    #expect(forward.map { $0[0] } == reverse.map { $0[0] })
    for block in [forward, reverse] {
      #expect(block.reduce(0) { $0 + $1[2] } == 4000)
      let width = block[1][0] - block[0][0]
      #expect(isClose(block.reduce(0) { $0 + $1[1] * width }, 1, relative: 1e-9))
    }
    func mean(_ block: [[Double]]) -> Double {
      let width = block[1][0] - block[0][0]
      return block.reduce(0) { $0 + ($1[0] + width / 2) * $1[2] } / 4000
    }
    #expect(abs(mean(forward) - 2.5) < 0.15 && abs(mean(reverse) - 1.5) < 0.15)
    #expect(figure.script.contains("from first 2.0, graph 0"))
    #expect(figure.script.contains("rectangle from first 1.9"))
    #expect(figure.script.contains("set title 'It''s work' noenhanced"))
  }

  @Test("an unresolved free energy has no band; none has no line")
  func unresolvedCrossing() {
    let works = [1.0, 2, 3]
    let unresolved = WorkHistogramFigure.make(
      name: "w", title: "w", forward: works, reverse: [],
      freeEnergyDifference: .unresolved("no overlap", value: 3, method: "none"))
    #expect(!unresolved.script.contains("rectangle") && unresolved.script.contains("unresolved"))
    let none = WorkHistogramFigure.make(
      name: "w", title: "w", forward: works, reverse: works, freeEnergyDifference: nil)
    #expect(!none.script.contains("set arrow"))
  }

  @Test("series keep gaps and intervals; axes, names and lines are what was asked")
  func series() {
    let figure = ThermodynamicFigureTests.figures[2]
    let first = SmallRun.block("series-0", of: figure.data)
    #expect(first.count == 41 && first[1] == [2, 0.5, 0.4, 0.6])
    let second = SmallRun.block("series-1", of: figure.data)
    #expect(second[6][1].isNaN && second[7][1] == 0.5 && second[0][2].isNaN)
    #expect(figure.script.contains("set logscale x") && !figure.script.contains("set logscale y"))
    #expect(figure.script.contains("title 'it''s flat'"))
    #expect(figure.script.contains("0.3 with lines"))
    #expect(figure.script.contains("from first 10.0, graph 0"))
    let logarithmic = SeriesFigure.make(
      name: "l", title: "", caption: "", xLabel: "", yLabel: "",
      series: [.init(name: "a", x: [0, 1], y: [1, -1])], isXLogarithmic: true,
      isYLogarithmic: true)
    let rows = SmallRun.block("series-0", of: logarithmic.data)
    #expect(rows[0][0].isNaN && rows[1][1].isNaN && rows[1][0] == 1)
  }

  @Test("gnuplot draws all of them, also empty ones", .enabled(if: Gnuplot.find() != nil))
  func drawn() throws {
    let gnuplot = try #require(Gnuplot.find())
    let empty = [
      FluctuationFigure.make(name: "e1", title: "", bins: [], expectedSlope: 1),
      WorkHistogramFigure.make(
        name: "e2", title: "", forward: [], reverse: [], freeEnergyDifference: nil),
      SeriesFigure.make(
        name: "e3", title: "", caption: "", xLabel: "", yLabel: "", series: []),
      FluctuationFigure.make(
        name: "e4", title: "", bins: Array(ThermodynamicFigureTests.bins.prefix(1)),
        expectedSlope: 1),
      WorkHistogramFigure.make(
        name: "e5", title: "", forward: [1, 1], reverse: [-1], freeEnergyDifference: nil),
    ]
    try temporaryDirectory { folder in
      for figure in ThermodynamicFigureTests.figures + empty {
        try Data(figure.script.utf8).write(to: folder.appendingPathComponent("\(figure.name).gp"))
        try Data(figure.data.utf8).write(to: folder.appendingPathComponent("\(figure.name).dat"))
        let svg = try gnuplot.draw(figure.name, in: folder.path)
        #expect(svg.contains("<svg"))
        if let keep = ProcessInfo.processInfo.environment["SZILARD_TEST_FIGURES"] {
          try Data(svg.utf8).write(
            to: URL(fileURLWithPath: keep).appendingPathComponent("\(figure.name).svg"))
        }
      }
    }
  }
}
