internal import BoltzmannMachines
internal import Foundation
internal import NumericalCore

/// Dissipated work of an update against updates: what training pays beyond the change of F.
enum DissipationFigure {
  /// The figure of a run's records; nil where none kept a ledger.
  static func make(_ records: [TrainingRecord]) -> Figure? {
    let points = records.compactMap { record in
      record.thermodynamics?.dissipatedWork.map { (update: record.update, value: $0) }
    }.filter { $0.value.value.isFinite && $0.update > 0 }
    guard points.count > 1 else { return nil }
    func bound(_ value: Double) -> Double { value.isFinite ? value : .nan }
    let resolved = points.filter(\.value.isResolved)
    let others = points.filter { !$0.value.isResolved }
    var series: [SeriesFigure.Series] = []
    if !resolved.isEmpty {
      series.append(
        SeriesFigure.Series(
          name: "⟨W⟩ − ΔF of an update", x: resolved.map { Double($0.update) },
          y: resolved.map(\.value.value), low: resolved.map { bound($0.value.interval.lowerBound) },
          high: resolved.map { bound($0.value.interval.upperBound) }))
    }
    if !others.isEmpty {
      series.append(
        SeriesFigure.Series(
          name: "unresolved", x: others.map { Double($0.update) }, y: others.map(\.value.value),
          style: .points))
    }
    return SeriesFigure.make(
      name: "dissipation", title: "Dissipated work of an update",
      caption:
        "Work done on the chains less the change of the free energy, with its 95 % interval. Quasi-static training would be at zero. What is above comes of updates that outrun the chains, and of the noise of the chains that updates follow, which falls with their number",
      xLabel: "updates", yLabel: "dissipated work (nats an update)", series: series,
      references: [SeriesFigure.ReferenceLine(value: 0, name: "quasi-static")],
      isXLogarithmic: FigureStyle.isLogarithmic(updates: points.map(\.update)))
  }
}
