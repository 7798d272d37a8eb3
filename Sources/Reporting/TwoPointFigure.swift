internal import BoltzmannMachines
internal import NumericalCore

/// Means and connected correlations of the chains against those of data.
enum TwoPointFigure {
  static let name = "two-point"
  /// Pairs at most; a fixed random subset stands for more.
  static let pairLimit = 20_000
  /// Points drawn at most; the data file holds all.
  static let drawnLimit = 5000

  /// The figure; against the rank alone where there are no data.
  static func make(
    kind: UnitKind, chains: StateMatrix, data: StateMatrix?, weights: [Double]?, seed: UInt64
  ) -> Figure {
    let pairs = TwoPointStatistics.pairs(
      units: chains.columns, channels: kind.channels, limit: pairLimit, seed: seed)
    let total = chains.columns * (chains.columns - 1) / 2 * kind.channels * kind.channels
    let model = TwoPointStatistics(of: chains, isSpin: kind == .spin, pairs: pairs)
    guard let data else { return alone(model, pairs: pairs, total: total, chains: chains.rows) }
    let target = TwoPointStatistics(
      of: data, isSpin: kind == .spin, weights: weights, pairs: pairs)
    let correlations = panel(
      "correlations", "Connected correlations", "C_{ij}", target.connected, model.connected)
    let means = panel("means", "Means", "⟨x_i⟩", target.means, model.means)
    var text = "# means\n# component, data, model\n"
    for index in order(model.means.count, seed: seed) {
      text +=
        "\(index) \(NumberText.data(target.means[index])) "
        + "\(NumberText.data(model.means[index]))\n"
    }
    text += "\n\n# correlations\n# component, component, data, model\n"
    for index in order(pairs.count, seed: seed) {
      text +=
        "\(pairs[index].first) \(pairs[index].second) "
        + "\(NumberText.data(target.connected[index])) \(NumberText.data(model.connected[index]))\n"
    }
    return Figure(
      name: name, title: "One- and two-point statistics",
      caption: caption(
        kind, pairs: pairs.count, total: total, chains: chains.rows, samples: data.rows),
      script: FigureStyle.prologue(name, height: 390) + """
        set multiplot
        unset key
        set size 0.5, 1
        set origin 0, 0
        \(means)
        set origin 0.5, 0
        \(correlations)
        unset multiplot

        """, data: text)
  }

  /// Up to the drawn number in order; beyond, shuffled, so that the first ones are a fair subset.
  private static func order(_ count: Int, seed: UInt64) -> [Int] {
    guard count > drawnLimit else { return Array(0..<count) }
    var stream = RandomStream(seed: seed, purpose: .samples, index: .max - 1)
    return (0..<count).shuffled(using: &stream)
  }

  private static func panel(
    _ index: String, _ title: String, _ symbol: String, _ x: [Double], _ y: [Double]
  ) -> String {
    let values = (x + y).filter(\.isFinite)
    let low = values.min() ?? 0
    let high = values.max() ?? 1
    let margin = high > low ? 0.05 * (high - low) : 0.5
    let limits = "[\(low - margin):\(high + margin)]"
    let r = x.count > 2 ? TwoPointStatistics.correlationCoefficient(x, y) : nil
    let note = r.map { ": r = " + NumberText.decimal($0, digits: 3) } ?? ""
    let column = index == "means" ? 2 : 3
    let step = FigureStyle.ticStep(high - low, about: 4)
    let size = x.count > 1000 ? 0.25 : x.count > 100 ? 0.4 : 0.6
    guard !values.isEmpty else {
      return "set title \"\(title)\"\nset xrange [0:1]\nset yrange [0:1]\n"
        + "plot NaN notitle"
    }
    return """
      set title "\(title)\(note)"
      set xlabel "\(symbol) of the data"
      set ylabel "\(symbol) of the model's chains"
      set xrange \(limits)
      set yrange \(limits)
      set xtics \(step)
      set ytics \(step)
      plot x with lines linecolor rgb '\(FigureStyle.grey)' linewidth 1.5 dashtype (6,4) notitle, \\
        '\(name).dat' index '\(index)' every ::0::\(drawnLimit - 1) using \(column):\(column + 1) with points linecolor rgb '#90\(FigureStyle.blue.dropFirst())' pointtype 7 pointsize \(size) notitle
      """
  }

  private static func alone(
    _ model: TwoPointStatistics, pairs: [TwoPointStatistics.Pair], total: Int, chains: Int
  ) -> Figure {
    var text = "# means\n# rank, model\n"
    for (rank, value) in model.means.sorted(by: >).enumerated() {
      text += "\(rank + 1) \(NumberText.data(value))\n"
    }
    text += "\n\n# correlations\n# rank, model\n"
    for (rank, value) in model.connected.sorted(by: >).enumerated() {
      text += "\(rank + 1) \(NumberText.data(value))\n"
    }
    func panel(_ index: String, _ title: String, _ symbol: String, _ count: Int) -> String {
      let step = max(1, count / drawnLimit)
      return """
        set title "\(title)"
        set xlabel "rank"
        set ylabel "\(symbol) of the model's chains"
        set format x "%.0f"
        set xrange [0:\(count + 1)]
        set xtics \(max(1, FigureStyle.ticStep(Double(count), about: 4)))
        \(count == 0 ? "set xrange [0:1]\nset yrange [0:1]\nplot NaN notitle" : "plot '\(name).dat' index '\(index)' every \(step) using 1:2 with points pointtype 7 pointsize 0.3 linecolor rgb '\(FigureStyle.blue)' notitle")
        """
    }
    return Figure(
      name: name, title: "One- and two-point statistics",
      caption:
        "The data could not be read, so this shows the model's \(chains) chains alone: means "
        + "of the units and connected correlations of \(phrase(pairs.count, of: total)), sorted.",
      script: FigureStyle.prologue(name, height: 390) + """
        set multiplot
        unset key
        set size 0.5, 1
        set origin 0, 0
        \(panel("means", "Means, sorted", "⟨x_i⟩", model.means.count))
        set origin 0.5, 0
        \(panel("correlations", "Connected correlations, sorted", "C_{ij}", pairs.count))
        unset multiplot

        """, data: text)
  }

  private static func phrase(_ count: Int, of total: Int) -> String {
    count == total
      ? "all \(NumberText.grouped(count)) pairs"
      : "\(NumberText.grouped(count)) of \(NumberText.grouped(total)) pairs"
  }

  private static func caption(
    _ kind: UnitKind, pairs: Int, total: Int, chains: Int, samples: Int
  ) -> String {
    var text =
      "On the dashed diagonal the \(NumberText.grouped(chains)) chains of the model agree with "
      + "\(NumberText.grouped(samples)) samples of the data; shown are "
      + "\(phrase(pairs, of: total))"
    text +=
      kind.channels > 1 ? " of symbols at different sites, C = f(a, b) − f(a) f(b)." : "."
    // The standard error of C is at most √(Var xᵢ Var xⱼ / n).
    let largest: Double? =
      switch kind {
      case .spin: 1
      case .bernoulli, .potts: 0.25
      case .gaussian: nil
      }
    if let largest, chains > 0 {
      let error = largest / Double(chains).squareRoot()
      text +=
        " Even a perfect model scatters around it, a correlation by up to ±"
        + "\(NumberText.short(error)) (one standard error of so many chains)."
    }
    if pairs > drawnLimit {
      text += " r is that of all these pairs, \(NumberText.grouped(drawnLimit)) are drawn."
    }
    return text
  }
}
