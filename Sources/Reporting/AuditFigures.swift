internal import BoltzmannMachines
internal import Foundation
internal import NumericalCore
internal import StochasticThermodynamics

/// The figures of an audit.
enum AuditFigures {
  static func make(_ result: Audit.Result) -> [Figure] {
    var figures: [Figure] = []
    if let heat = result.heatExchange, !heat.bins.isEmpty {
      figures.append(
        FluctuationFigure.make(
          name: "heat-exchange", title: "Heat exchange: ln p(Q)/p(−Q)", bins: heat.bins,
          expectedSlope: result.temperatureStep,
          fit: (slope: heat.slope.value, intercept: heat.intercept.value)))
    }
    if !result.works.forward.isEmpty {
      figures.append(
        WorkHistogramFigure.make(
          name: "work", title: "Work of annealing, forward and reverse",
          forward: result.works.forward, reverse: result.works.reverse,
          freeEnergyDifference: result.freeEnergyDifference))
    }
    if let figure = DissipationFigure.make(result.records) { figures.append(figure) }
    if let tempering = result.tempering, !tempering.acceptance.isEmpty {
      figures.append(ladder(tempering))
    }
    if let thermalisation = result.thermalisation, let figure = energies(thermalisation) {
      figures.append(figure)
    }
    return figures
  }

  private static func ladder(_ tempering: TemperingResult) -> Figure {
    let positions = tempering.rungs.map(\.position)
    let middles = zip(positions, positions.dropFirst()).map { ($0 + $1) / 2 }
    return SeriesFigure.make(
      name: "acceptance", title: "Acceptance along the ladder",
      caption:
        "Exchanges accepted between neighbouring rungs of parallel tempering; a gap near zero cuts the ladder. \(tempering.roundTrips) round trips.",
      xLabel: "inverse temperature, from independent units (0) to the machine (1)",
      yLabel: "acceptance",
      series: [
        SeriesFigure.Series(
          name: "neighbouring rungs", x: Array(middles.prefix(tempering.acceptance.count)),
          y: tempering.acceptance)
      ], references: [SeriesFigure.ReferenceLine(value: 0, name: "no exchange")])
  }

  private static func energies(_ thermalisation: Thermalisation) -> Figure? {
    let points = thermalisation.points.filter { $0.sweeps > 0 }
    guard points.count > 1 else { return nil }
    func series(
      _ name: String, _ estimates: [(sweeps: Int, value: Estimate)]
    ) -> SeriesFigure.Series {
      SeriesFigure.Series(
        name: name, x: estimates.map { Double($0.sweeps) }, y: estimates.map(\.value.value),
        low: estimates.map(\.value.interval.lowerBound),
        high: estimates.map(\.value.interval.upperBound))
    }
    var all = [series("from noise", points.map { ($0.sweeps, $0.energyFromNoise) })]
    let data = points.compactMap { point in point.energyFromData.map { (point.sweeps, $0) } }
    if !data.isEmpty { all.append(series("from data", data)) }
    return SeriesFigure.make(
      name: "thermalisation", title: "Effective energy of chains from noise and from data",
      caption: "Where both agree the chains have forgotten where they began.",
      xLabel: "sweeps", yLabel: "⟨F(v)⟩", series: all, isXLogarithmic: true)
  }
}
