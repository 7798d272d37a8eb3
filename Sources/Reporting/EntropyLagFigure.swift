internal import Foundation
internal import NumericalCore
public import StochasticThermodynamics

/// Entropy production per unit of time against the lag, beside what reversible processes give.
public enum EntropyLagFigure {
  /// The figure of one method's estimates at several lags.
  ///
  /// - Parameters:
  ///   - estimates: Estimates in the order of their lags.
  ///   - timeStep: Time from a state to the next; nil counts in states.
  ///   - truth: A known rate to compare with.
  public static func make(
    name: String = "entropy-production", _ estimates: [EntropyProductionEstimate],
    timeStep: Double? = nil, truth: Double? = nil
  ) -> Figure {
    let step = timeStep ?? 1
    let shown = estimates.filter { $0.null != nil && $0.estimate.interval.upperBound.isFinite }
    func time(_ one: EntropyProductionEstimate) -> Double { Double(one.lag) * step }
    let nulls = shown.compactMap { one in one.null.map { (time(one), $0) } }
    let series = [
      SeriesFigure.Series(
        name: "estimate, \(percent(shown)) interval", x: shown.map(time),
        y: shown.map { $0.estimate.value / time($0) },
        low: shown.map { $0.estimate.interval.lowerBound / time($0) },
        high: shown.map { $0.estimate.interval.upperBound / time($0) }),
      SeriesFigure.Series(
        name: "reversible, 5 % to 95 %", x: nulls.map(\.0), y: nulls.map { $1.median / $0 },
        low: nulls.map { $1.lower5 / $0 }, high: nulls.map { $1.upper95 / $0 }),
    ]
    return SeriesFigure.make(
      name: name, title: "Entropy production against lag",
      caption:
        "Entropy production per lag, divided by the lag, with the same estimate of the blocks played in random directions: above its band the process is not reversible. What happens within a lag is not seen, so that the estimate falls with the lag.",
      xLabel: timeStep == nil ? "lag (states)" : "lag (time)",
      yLabel: timeStep == nil ? "nats per state" : "nats per unit of time", series: series,
      references: truth.map { [SeriesFigure.ReferenceLine(value: $0, name: "exact")] } ?? [],
      isXLogarithmic: true)
  }

  private static func percent(_ estimates: [EntropyProductionEstimate]) -> String {
    "\(Int((100 * (estimates.first?.estimate.confidence ?? 0.95)).rounded())) %"
  }
}
