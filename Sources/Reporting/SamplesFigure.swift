internal import BoltzmannMachines
internal import NumericalCore

/// Samples of the model beside data.
enum SamplesFigure {
  static let name = "samples"

  /// The figure; of the model alone where there are no data.
  ///
  /// - Parameters:
  ///   - machine: Says the kind of units, the alphabet and the shape of pictures.
  ///   - update: The update of the chains.
  static func make(
    machine: RestrictedBoltzmannMachine, chains: StateMatrix, data: StateMatrix?, update: Int?
  ) -> Figure {
    let kind = machine.visible.kind
    let when = update.map { " after update \(NumberText.grouped($0))" } ?? ""
    var panels = [
      SamplePanel(
        key: "model", title: "Model: chains\(when)",
        values: SampleValues(states: chains, kind: kind))
    ]
    if let data {
      panels.append(
        SamplePanel(key: "data", title: "Data", values: SampleValues(states: data, kind: kind)))
    }
    let what =
      data == nil
      ? "Samples of the model: the chains of the run\(when); the data could not be read."
      : "Samples of the model, which are the chains of the run\(when), beside data: a good model's "
        + "cannot be told from the data's, neither in detail nor in variety."
    let figure: (script: String, data: String, caption: String)
    if let shape = machine.shape, shape.count == 2, shape[0] > 1, shape[1] > 1,
      shape[0] * shape[1] == machine.visible.count
    {
      figure = PictureGrid(height: shape[0], width: shape[1], kind: kind).draw(panels)
    } else if kind == .gaussian, machine.visible.count > 0 {
      figure = SampleScatter.draw(panels)
    } else {
      figure = SampleRaster(kind: kind, alphabet: machine.alphabet).draw(panels)
    }
    return Figure(
      name: name, title: "Samples", caption: what + " " + figure.caption, script: figure.script,
      data: figure.data)
  }

  /// What the two values of a unit look like.
  static func legend(_ kind: UnitKind) -> String {
    switch kind {
    case .bernoulli: "Units that are 1 are in the colour of ink, units that are 0 in the pale one."
    case .spin: "Spins up are in the colour of ink, spins down in the pale one."
    case .potts, .gaussian: ""
    }
  }

  /// `set palette` and `set cbrange` for values of a kind.
  static func palette(_ kind: UnitKind, alphabet: String?, values: [Double]) -> String {
    switch kind {
    case .bernoulli:
      return FigureStyle.palette([FigureStyle.off, FigureStyle.on]) + "set cbrange [0:1]\n"
    case .spin:
      return FigureStyle.palette([FigureStyle.off, FigureStyle.on]) + "set cbrange [-1:1]\n"
    case .potts(let count):
      let colours = SymbolColours(count: count, alphabet: alphabet).colours
      return FigureStyle.palette(colours, bands: count)
        + "set cbrange [-0.5:\(Double(count) - 0.5)]\n"
    case .gaussian:
      let finite = values.filter(\.isFinite)
      let low = finite.min() ?? 0
      let high = finite.max() ?? 1
      return FigureStyle.palette(FigureStyle.cividis)
        + "set cbrange [\(low):\(high > low ? high : low + 1)]\n"
    }
  }
}
