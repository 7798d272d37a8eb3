/// What each step of a reverse chain takes from the bound of the log-likelihood.
public enum BoundTermsFigure {
  /// The terms of the bound along the chain, with the least that any kernel would lose where it is known.
  ///
  /// - Parameters:
  ///   - name: The name of its files without extension.
  ///   - title: What it is, in a few words.
  ///   - steps: t of each term.
  ///   - means: The divergence of each step.
  ///   - standardErrors: Their standard errors; empty for none.
  ///   - optimum: The terms of the best kernel, if known; as long as `steps`.
  ///   - unit: What the terms are measured in.
  public static func make(
    name: String = "bound-terms", title: String = "What each step costs", steps: [Int],
    means: [Double], standardErrors: [Double] = [], optimum: [Double]? = nil,
    unit: String = "nats"
  ) -> Figure {
    precondition(means.count == steps.count, "\(means.count) terms of \(steps.count) steps")
    let x = steps.map { Double($0) }
    var series: [SeriesFigure.Series] = []
    let isKnown = standardErrors.count == means.count
    series.append(
      SeriesFigure.Series(
        name: "model", x: x, y: means,
        low: isKnown ? zip(means, standardErrors).map { $0 - 2 * $1 } : [],
        high: isKnown ? zip(means, standardErrors).map { $0 + 2 * $1 } : []))
    if let optimum {
      precondition(optimum.count == steps.count, "\(optimum.count) terms of the best kernel")
      series.append(SeriesFigure.Series(name: "best kernel", x: x, y: optimum))
    }
    let all = series.flatMap(\.y).filter { $0 > 0 && $0.isFinite }
    let top = all.max() ?? 1
    let isWide = top > 50 * (all.min() ?? 1)
    if isWide {
      // What rounding or luck made of nothing would take up the axis.
      for index in series.indices {
        series[index].y = series[index].y.map { $0 > 1e-5 * top ? $0 : .nan }
      }
    }
    return SeriesFigure.make(
      name: name, title: title,
      caption:
        "The divergence of each reverse step, which the bound loses; bands are two standard errors."
        + (optimum == nil
          ? "" : " What lies above the best kernel's is what learning may still gain."),
      xLabel: "step t", yLabel: "divergence (\(unit))", series: series,
      isYLogarithmic: isWide)
  }
}
