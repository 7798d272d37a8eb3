internal import Foundation
internal import NumericalCore
public import SpectralTheory

/// The phases of a machine with one mode, and the path of a training through them.
public enum PhaseDiagramFigure {
  /// A point of a training: 1/σ and w/σ after so many updates.
  public struct Point: Sendable, Equatable {
    /// Updates done.
    public var update: Int
    /// 1/σ.
    public var x: Double
    /// w/σ.
    public var y: Double

    /// A point.
    public init(update: Int, x: Double, y: Double) {
      self.update = update
      self.x = x
      self.y = y
    }
  }

  private static let colours: [ReplicaSymmetricState.Phase: String] = [
    .paramagnet: "#F2F2F2", .ferromagnet: "#D7E8F5", .spinGlass: "#FBE3D3",
    .unstableFerromagnet: "#E6DDF0",
  ]

  private static let names: [(phase: ReplicaSymmetricState.Phase, name: String)] = [
    (.paramagnet, "paramagnet"), (.ferromagnet, "ferromagnet"), (.spinGlass, "spin glass"),
  ]

  /// The figure.
  ///
  /// - Parameters:
  ///   - name: The name of its files without extension.
  ///   - diagram: The phases.
  ///   - trajectory: Points of a training, in order; those outside the axes are drawn at the border.
  public static func make(
    name: String, diagram: PhaseDiagram, trajectory: [Point] = []
  ) -> Figure {
    let law = ["gaussian": "Gaussian", "laplace": "Laplace", "sign": "±1"]
    let title =
      "Phases for \(law[diagram.components.rawValue] ?? "") modes, "
      + "N_h/N_v = \(NumberText.short(diagram.aspectRatio))"
    return Figure(
      name: name, title: title, caption: caption(trajectory),
      script: script(name, title, diagram, trajectory), data: data(diagram, trajectory))
  }

  private static func caption(_ trajectory: [Point]) -> String {
    var text =
      "Machines with one mode of strength w in noise of size σ: to the right the noise falls, upwards "
      + "the mode grows against it. Solid: transitions of the replica-symmetric equations. Dashed: the "
      + "line of de Almeida and Thouless; below it the state of the mode is broken up by the noise. "
      + "Dotted: w = σ, where the true boundary of the spin glass is expected."
    if let first = trajectory.first, let last = trajectory.last {
      text +=
        " Dots: the largest mode of a machine in training against the noise of its bulk, from update "
        + "\(NumberText.grouped(first.update)) (open) to \(NumberText.grouped(last.update)) (full)."
    }
    return text
  }

  private static func data(_ diagram: PhaseDiagram, _ trajectory: [Point]) -> String {
    var blocks: [String] = []
    for line in diagram.boundaries {
      var text = "# \(line.kind.rawValue)\n# 1/sigma, w/sigma\n"
      for (x, y) in zip(line.x, line.y) {
        text += "\(NumberText.data(x)) \(NumberText.data(y))\n"
      }
      blocks.append(text)
    }
    if !trajectory.isEmpty {
      var text = "# trajectory\n# 1/sigma, w/sigma (moved to the border where outside), updates\n"
      for point in trajectory {
        text +=
          "\(NumberText.data(clipped(point.x, diagram.xAxis))) "
          + "\(NumberText.data(clipped(point.y, diagram.yAxis))) \(point.update)\n"
      }
      blocks.append(text)
    }
    return blocks.joined(separator: "\n\n")
  }

  private static func clipped(_ value: Double, _ axis: PhaseDiagram.Axis) -> Double {
    min(max(value, axis.low), axis.high)
  }

  private static func script(
    _ name: String, _ title: String, _ diagram: PhaseDiagram, _ trajectory: [Point]
  ) -> String {
    func colour(_ phase: ReplicaSymmetricState.Phase) -> String { colours[phase] ?? "#FFFFFF" }
    func source(_ kind: PhaseDiagram.Boundary.Kind) -> String {
      "'\(name).dat' index '\(kind.rawValue)' using 1:2"
    }
    let has = Set(diagram.boundaries.map(\.kind))
    // Below each line one phase, the largest first; what is left above all is the ferromagnet.
    let fills: [(PhaseDiagram.Boundary.Kind, ReplicaSymmetricState.Phase)] = [
      (.deAlmeidaThouless, .unstableFerromagnet), (.spinGlassFerromagnet, .spinGlass),
      (.paramagnetFerromagnet, .paramagnet),
    ]
    var plots = fills.filter { has.contains($0.0) }.map { kind, phase in
      "\(source(kind)) with filledcurves y=\(diagram.yAxis.low) fillcolor rgb '\(colour(phase))' fillstyle solid noborder notitle"
    }
    if diagram.xAxis.low < 1 {
      plots.append(
        "'+' using (\(diagram.xAxis.low)+($0/99.0)*(\(min(1, diagram.xAxis.high)-diagram.xAxis.low))):(1) with lines linecolor rgb '\(FigureStyle.grey)' linewidth 1.5 dashtype (1.5,4) title 'w = σ'"
      )
    }
    for kind in [
      PhaseDiagram.Boundary.Kind.paramagnetFerromagnet, .paramagnetSpinGlass, .spinGlassFerromagnet,
    ] where has.contains(kind) {
      plots.append(
        "\(source(kind)) with lines linecolor rgb '\(FigureStyle.on)' linewidth 2 \(kind == .paramagnetFerromagnet ? "title 'transition'" : "notitle")"
      )
    }
    if has.contains(.deAlmeidaThouless) {
      plots.append(
        "\(source(.deAlmeidaThouless)) with lines linecolor rgb '#7A4E9E' linewidth 2 dashtype (8,5) title 'de Almeida–Thouless'"
      )
      plots.append(
        "NaN with boxes fillcolor rgb '\(colour(.unstableFerromagnet))' fillstyle solid noborder title 'replica symmetry broken'"
      )
    }
    if !trajectory.isEmpty {
      let path = "'\(name).dat' index 'trajectory'"
      let look = "linecolor rgb '\(FigureStyle.vermilion)'"
      let last = trajectory.count - 1
      plots += [
        "\(path) using 1:2 with linespoints \(look) linewidth 1.8 pointtype 7 pointsize 0.5 title 'training'",
        "\(path) every ::0::0 using 1:2 with points linecolor rgb '#FFFFFF' pointtype 7 pointsize 1.1 notitle",
        "\(path) every ::0::0 using 1:2 with points \(look) linewidth 2 pointtype 6 pointsize 1.1 notitle",
        "\(path) every ::\(last)::\(last) using 1:2 with points \(look) pointtype 7 pointsize 1.2 notitle",
      ]
      let outside = trajectory.indices.filter {
        clipped(trajectory[$0].x, diagram.xAxis) != trajectory[$0].x
          || clipped(trajectory[$0].y, diagram.yAxis) != trajectory[$0].y
      }
      plots += outside.map {
        "\(path) every ::\($0)::\($0) using 1:2 with points \(look) linewidth 2 pointtype 2 pointsize 1.2 notitle"
      }
    }
    func axis(_ letter: String, _ axis: PhaseDiagram.Axis) -> String {
      "set \(letter)range [\(axis.low):\(axis.high)]\n"
        + (axis.isLogarithmic ? "set logscale \(letter)\n" : "")
    }
    return FigureStyle.prologue(name, height: 560)
      + FigureStyle.labels(title: title, x: "1/σ", y: "w/σ") + """
        set border 15
        set key below center horizontal Left reverse maxrows 2 width -5 samplen 2
        \(axis("x", diagram.xAxis))\(axis("y", diagram.yAxis))set object 1 rectangle from graph 0,0 to graph 1,1 fillcolor rgb '\(colour(.ferromagnet))' fillstyle solid noborder behind
        \(labels(diagram))set samples 100
        unset grid
        plot \(plots.joined(separator: ", \\\n  "))

        """
  }

  /// The names of the phases in the middle of their cells.
  private static func labels(_ diagram: PhaseDiagram) -> String {
    var text = ""
    let count = Double(diagram.phases.count)
    for (index, entry) in names.enumerated() {
      var (x, y, cells) = (0.0, 0.0, 0.0)
      for (row, phases) in diagram.phases.enumerated() {
        for (column, phase) in phases.enumerated() where phase == entry.phase {
          x += (Double(column) + 0.5) / count
          y += (Double(row) + 0.5) / count
          cells += 1
        }
      }
      guard cells > 0.02 * count * count else { continue }
      text +=
        "set label \(index + 1) '\(entry.name)' at graph \(x / cells), graph \(y / cells) center front textcolor rgb '\(FigureStyle.on)'\n"
    }
    return text
  }
}
