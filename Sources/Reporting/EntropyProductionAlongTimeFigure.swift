public import NumericalCore

/// Where along time diffusion produces entropy, and where that goes.
public enum EntropyProductionAlongTimeFigure {
  /// A rate along time.
  public struct Rate: Sendable {
    /// What the key calls it.
    public var name: String
    /// The measured values.
    public var values: [Estimate]
    /// The exact ones, if known; drawn as a line, with the measured ones as points.
    public var exact: [Double]?

    /// A rate.
    public init(name: String, values: [Estimate], exact: [Double]? = nil) {
      self.name = name
      self.values = values
      self.exact = exact
    }
  }

  /// The rates of entropy production and their split between system and bath.
  ///
  /// - Parameters:
  ///   - name: The name of its files without extension.
  ///   - title: What it is, in a few words.
  ///   - times: The times of the values; they may begin very near to the data.
  ///   - rates: The total first, then its parts.
  ///   - perLogarithm: Whether values are given per unit of time and are to be shown per e-fold of it,
  ///     t Ṡ over a logarithmic axis, where areas are entropies.
  ///   - timeLabel: What the axis of times says.
  public static func make(
    name: String = "entropy-production-along-time",
    title: String = "Entropy production along diffusion", times: [Double], rates: [Rate],
    perLogarithm: Bool = true, timeLabel: String = "time t"
  ) -> Figure {
    var series: [SeriesFigure.Series] = []
    for rate in rates {
      precondition(rate.values.count == times.count, "\(rate.name) at \(times.count) times")
      let factor = times.map { perLogarithm ? $0 : 1 }
      if let exact = rate.exact {
        series.append(
          SeriesFigure.Series(
            name: "\(rate.name), exact", x: times, y: zip(exact, factor).map { $0 * $1 }))
      }
      series.append(
        SeriesFigure.Series(
          name: rate.name, x: times, y: zip(rate.values, factor).map { $0.value * $1 },
          low: zip(rate.values, factor).map { $0.interval.lowerBound * $1 },
          high: zip(rate.values, factor).map { $0.interval.upperBound * $1 },
          style: rate.exact == nil ? .line : .points))
    }
    return SeriesFigure.make(
      name: name, title: title,
      caption: perLogarithm
        ? "Entropy for each e-fold of time, so that equal areas are equal entropies. The total is what the system's entropy grows by and what the bath takes up; bands are 95 % intervals."
        : "Rates of entropy. The total is what the system's entropy grows by and what the bath takes up; bands are 95 % intervals.",
      xLabel: timeLabel, yLabel: perLogarithm ? "t dS/dt (nats)" : "dS/dt (nats)", series: series,
      references: [SeriesFigure.ReferenceLine(value: 0, name: "none")],
      isXLogarithmic: perLogarithm)
  }
}
