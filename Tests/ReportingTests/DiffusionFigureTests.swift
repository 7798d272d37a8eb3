import Foundation
import NumericalCore
import Testing

@testable import Reporting

@Suite("Figures of diffusion")
struct DiffusionFigureTests {
  private let cloud = Matrix<Double>(rows: 2, columns: 2, elements: [1, -2, 0.5, 0.25])

  @Test("Slices have both clouds of each time, quoted labels and one scale")
  func slices() {
    let figure = DiffusionSlicesFigure.make(
      slices: [
        .init(label: "data's", forward: cloud, reverse: cloud.map { 2 * $0 }),
        .init(label: "t = 1", forward: cloud, reverse: cloud),
      ])
    #expect(SmallRun.block("forward-0", of: figure.data) == [[1, -2], [0.5, 0.25]])
    #expect(SmallRun.block("reverse-0", of: figure.data) == [[2, -4], [1, 0.5]])
    #expect(figure.script.contains("set title 'data''s' noenhanced"))
    #expect(figure.script.contains("layout 2,2"))
    #expect(figure.script.components(separatedBy: "set xrange").count == 2)
  }

  @Test("The longest drift is as long as the spacing, the smallest are left out")
  func drifts() {
    let figure = DriftFieldFigure.make(
      slices: [
        .init(
          label: "t = 3", states: cloud,
          positions: Matrix(rows: 3, columns: 2, elements: [0, 0, 1, 0, 0, 1]),
          drifts: Matrix(rows: 3, columns: 2, elements: [3, 4, 0, -2.5, 0.01, 0]))
      ], spacing: 0.5)
    let arrows = SmallRun.block("drifts-0", of: figure.data)
    #expect(arrows.count == 2)
    #expect(abs(arrows[0][2] - 0.3) < 1e-12 && abs(arrows[0][3] - 0.4) < 1e-12)
    #expect(abs(arrows[1][3] + 0.25) < 1e-12)
  }

  @Test("Terms of the bound carry two standard errors, and the best kernel's")
  func boundTerms() {
    let figure = BoundTermsFigure.make(
      steps: [2, 3], means: [0.5, 0.25], standardErrors: [0.125, 0], optimum: [0.25, 0.125],
      unit: "bits")
    #expect(
      SmallRun.block("series-0", of: figure.data) == [
        [2, 0.5, 0.25, 0.75], [3, 0.25, 0.25, 0.25],
      ])
    #expect(figure.script.contains("divergence (bits)"))
    #expect(figure.script.contains("best kernel") && !figure.script.contains("logscale y"))
  }

  @Test("Rates are shown for each e-fold of time")
  func rates() {
    let estimate = Estimate(
      value: 4, interval: 3...5, method: "test", effectiveSampleSize: 10)
    let figure = EntropyProductionAlongTimeFigure.make(
      times: [0.5, 0.25], rates: [.init(name: "total", values: [estimate, estimate])])
    #expect(
      SmallRun.block("series-0", of: figure.data) == [[0.5, 2, 1.5, 2.5], [0.25, 1, 0.75, 1.25]])
    #expect(figure.script.contains("logscale x"))
  }
}
