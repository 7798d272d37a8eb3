internal import Foundation
internal import NumericalCore
public import StochasticGradients

/// The stationary state of descent in a plane of two modes: density, and the current that turns in it.
public enum StationaryCurrentFigure {
  private static let cells = 64
  private static let arrows = 15
  private static let reach = 3.2

  /// The figure: states as a density, ellipses and currents of theory.
  ///
  /// - Parameters:
  ///   - report: The descent.
  ///   - name: The name of its files without extension.
  /// - Returns: nil for fewer than two modes, or where theory has no state for them.
  public static func make(_ report: DescentReport, name: String = "current") -> Figure? {
    let minimum = report.minimum
    guard minimum.eigenvalues.count >= 2, let plane = Plane(report) else { return nil }
    var density = "# density\n# x, y in standard deviations, ln(1 + states in the cell)\n"
    for row in 0..<cells {
      for column in 0..<cells {
        density += String(
          format: "%.4g %.4g %.4g\n", place(column), place(row),
          log1p(Double(plane.counts[row * cells + column])))
      }
    }
    var ellipses = ""
    for radius in 1...3 {
      ellipses += "\n\n# ellipse-\(radius)\n"
      for k in 0...72 {
        let point = plane.ellipse(radius: Double(radius), angle: Double(k) * .pi / 36)
        ellipses += String(format: "%.4g %.4g\n", point.x, point.y)
      }
    }
    var field = "\n\n# current\n# x, y, dx, dy\n"
    let spacing = 2 * reach / Double(arrows)
    var longest = 1e-300
    var all: [(Double, Double, Double, Double)] = []
    for i in 0..<arrows {
      for j in 0..<arrows {
        let x = -reach + (Double(i) + 0.5) * spacing
        let y = -reach + (Double(j) + 0.5) * spacing
        let (u, v) = plane.current(x, y)
        longest = max(longest, (u * u + v * v).squareRoot())
        all.append((x, y, u, v))
      }
    }
    for (x, y, u, v) in all {
      let scale = 0.95 * spacing / longest
      guard (u * u + v * v).squareRoot() > 0.06 * longest else { continue }
      field += String(
        format: "%.4g %.4g %.4g %.4g\n", x - u * scale / 2, y - v * scale / 2, u * scale, v * scale)
    }
    let lines = (1...3).map {
      "'\(name).dat' index 'ellipse-\($0)' using 1:2 with lines linecolor rgb '#222222' linewidth 1.2 dashtype (6,4) \($0 == 1 ? "title 'theory: 1, 2, 3 deviations'" : "notitle")"
    }
    let script =
      FigureStyle.prologue(name, width: 640, height: 560)
      + FigureStyle.palette(["#FFFFFF", "#CFE0EC", "#8FB8D6", "#4A8DBD", "#12304A"]) + """
        unset colorbox
        set grid noxtics noytics
        set size ratio 1
        set key below center horizontal
        set title "Stationary density and current of descent"
        set xlabel "slowest mode (standard deviations)"
        set ylabel "second slowest mode (standard deviations)"
        set xrange [-\(reach):\(reach)]
        set yrange [-\(reach):\(reach)]
        set cbrange [0:*]
        plot '\(name).dat' index 'density' using 1:2:3 with image pixels notitle, \\
          \(lines.joined(separator: ", \\\n  ")), \\
          '\(name).dat' index 'current' using 1:2:3:4 with vectors head filled size graph 0.012,22 linecolor rgb '\(FigureStyle.vermilion)' linewidth 1.6 title 'current of theory'

        """
    let turns = plane.turnTime
    return Figure(
      name: name, title: "Stationary density and current of descent",
      caption:
        "Blue: where the descent was, along the two softest directions of the loss. Dashed: the Gaussian of the Lyapunov equation. Orange: the probability current, which would vanish in equilibrium; here it turns once in about \(NumberText.short(turns)) \(report.unit)s.",
      script: script, data: density + ellipses + field)
  }

  private static func place(_ cell: Int) -> Double {
    -reach + (Double(cell) + 0.5) * 2 * reach / Double(cells)
  }

  /// The two slowest modes of a report, in standard deviations of theory.
  private struct Plane {
    let state: StationaryState
    let deviations: (x: Double, y: Double)
    var counts: [Int]

    init?(_ report: DescentReport) {
      let state = report.state
      let minimum = report.minimum
      let vectors = minimum.modes.selectingRows([0, 1])
      // In the coordinates of the report: its own first two, or the parameters turned.
      let turn: Matrix<Double>
      if state.modes == nil {
        turn = vectors
      } else {
        var first = Matrix<Double>(rows: 2, columns: state.dimension)
        first[0, 0] = 1
        first[1, 1] = 1
        turn = first
      }
      guard
        let two = try? StationaryState(
          hessian: LinearAlgebra.congruence(turn, state.hessian),
          diffusion: LinearAlgebra.congruence(turn, state.diffusion), rate: state.rate)
      else { return nil }
      self.state = two
      deviations = (two.covariance[0, 0].squareRoot(), two.covariance[1, 1].squareRoot())
      counts = [Int](repeating: 0, count: cells * cells)
      let kept = report.outcome.statistics.kept
      let size = state.dimension
      for first in stride(from: 0, to: kept.count, by: size) {
        var (x, y) = (0.0, 0.0)
        for k in 0..<size {
          x += turn[0, k] * kept[first + k]
          y += turn[1, k] * kept[first + k]
        }
        let column = ((x / deviations.x + reach) / (2 * reach) * Double(cells)).rounded(.down)
        let row = ((y / deviations.y + reach) / (2 * reach) * Double(cells)).rounded(.down)
        guard column >= 0, row >= 0, column < Double(cells), row < Double(cells) else { continue }
        counts[Int(row) * cells + Int(column)] += 1
      }
    }

    /// The correlation of the two modes.
    private var correlation: Double {
      state.covariance[0, 1] / (deviations.x * deviations.y)
    }

    func ellipse(radius: Double, angle: Double) -> (x: Double, y: Double) {
      let c = correlation
      let (x, y) = (radius * cos(angle), radius * sin(angle))
      return (x, c * x + max(0, 1 - c * c).squareRoot() * y)
    }

    /// v p, up to a factor, in standard deviations.
    func current(_ x: Double, _ y: Double) -> (Double, Double) {
      let c = correlation
      let weight = exp(-(x * x - 2 * c * x * y + y * y) / (2 * (1 - c * c)))
      let v = state.meanVelocity(at: [x * deviations.x, y * deviations.y])
      return (weight * v[0] / deviations.x, weight * v[1] / deviations.y)
    }

    /// 2π over the angular velocity: det of the velocity matrix is its square.
    var turnTime: Double {
      let v = state.velocity
      let square = v[0, 0] * v[1, 1] - v[0, 1] * v[1, 0]
      return 2 * Double.pi / max(square, 1e-300).squareRoot()
    }
  }
}
