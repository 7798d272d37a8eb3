internal import Foundation
internal import NumericalCore

/// Data and samples in the planes of pairs of modes: the data as a density, samples as points.
enum ModePlaneFigure {
  static let name = "mode-planes"
  /// Points drawn of the samples at most; of a density any number is seen.
  static let pointLimit = 1500
  private static let cells = 72

  /// The figure; nil for fewer than two modes or nothing to show.
  ///
  /// - Parameters:
  ///   - data: Projections of the data, [samples, modes].
  ///   - samples: Projections of samples of the machine.
  static func make(data: Matrix<Double>?, samples: Matrix<Double>?) -> Figure? {
    let columns = [data?.columns, samples?.columns].compactMap { $0 }.min() ?? 0
    guard columns > 1, (data?.rows ?? 0) + (samples?.rows ?? 0) > 0 else { return nil }
    let planes = columns > 3 ? [(0, 1), (2, 3)] : [(0, 1)]
    var script =
      FigureStyle.prologue(name, height: 380)
      + "set multiplot\nset grid noxtics noytics\nunset key\n"
    script += FigureStyle.palette(["#FFFFFF", "#CFE0EC", "#8FB8D6", "#4A8DBD", "#12304A"])
    script += "unset colorbox\n"
    var blocks: [String] = []
    for (index, plane) in planes.enumerated() {
      let (x, y) = plane
      let key = "plane-\(index)"
      let limits = (
        range(x, [data, samples].compactMap { $0 }), range(y, [data, samples].compactMap { $0 })
      )
      var layers: [String] = []
      if let data {
        blocks.append(density(key, data, plane, limits))
        layers.append("'\(name).dat' index '\(key)' using 1:2:3 with image pixels notitle")
      }
      if let samples {
        blocks.append(points("\(key)-samples", samples, plane))
        layers.append(
          "'\(name).dat' index '\(key)-samples' using 1:2 with points pointtype 7 pointsize 0.28 linecolor rgb '#40\(FigureStyle.vermilion.dropFirst())' notitle"
        )
      }
      script += """
        set size \(planes.count > 1 ? "0.5, 1" : "0.6, 1")
        set origin \(planes.count > 1 ? "\(0.5 * Double(index)), 0" : "0.2, 0")
        set title "Modes \(x + 1) and \(y + 1)"
        set xlabel "u_{\(x + 1)}·(v − ⟨v⟩)"
        set ylabel "u_{\(y + 1)}·(v − ⟨v⟩)"
        set xrange [\(limits.0.lowerBound):\(limits.0.upperBound)]
        set yrange [\(limits.1.lowerBound):\(limits.1.upperBound)]
        set cbrange [0:*]
        plot \(layers.joined(separator: ", \\\n  "))

        """
    }
    script += "unset multiplot\n"
    let shown = min(pointLimit, samples?.rows ?? 0)
    var caption = "States of the visible units along the left singular vectors of W."
    if let data {
      caption +=
        " Blue is the density of \(NumberText.grouped(data.rows)) data (logarithm of the number in a cell), centred at their mean."
    }
    if samples != nil {
      caption +=
        " Orange points are \(NumberText.grouped(shown)) samples of the machine; where it has learned the data they cover the blue, and only that."
    }
    return Figure(
      name: name, title: "Data and samples in the planes of modes", caption: caption,
      script: script, data: blocks.joined(separator: "\n\n"))
  }

  /// All but one value in a thousand on either side, and a margin.
  private static func range(_ mode: Int, _ all: [Matrix<Double>]) -> ClosedRange<Double> {
    let ends = all.filter { $0.rows > 0 }.flatMap { matrix -> [Double] in
      let values = (0..<matrix.rows).map { matrix[$0, mode] }
      return [quantile(0.001, of: values), quantile(0.999, of: values)]
    }
    let finite = ends.filter { abs($0) < 1e300 }
    let (low, high) = (finite.min() ?? 0, finite.max() ?? 1)
    let margin = high > low ? 0.08 * (high - low) : 1
    return (low - margin)...(high + margin)
  }

  /// ln(1 + number) in each cell, line by line.
  private static func density(
    _ key: String, _ data: Matrix<Double>, _ plane: (Int, Int),
    _ limits: (ClosedRange<Double>, ClosedRange<Double>)
  ) -> String {
    func cell(_ value: Double, _ range: ClosedRange<Double>) -> Int {
      let place = (value - range.lowerBound) / (range.upperBound - range.lowerBound)
      // What lies outside, however far, is in no cell.
      return place >= 0 && place < 1 ? Int((place * Double(cells)).rounded(.down)) : -1
    }
    func centre(_ index: Int, _ range: ClosedRange<Double>) -> Double {
      range.lowerBound
        + (Double(index) + 0.5) / Double(cells) * (range.upperBound - range.lowerBound)
    }
    var counts = [Int](repeating: 0, count: cells * cells)
    for row in 0..<data.rows {
      let (i, j) = (cell(data[row, plane.0], limits.0), cell(data[row, plane.1], limits.1))
      if (0..<cells).contains(i), (0..<cells).contains(j) { counts[j * cells + i] += 1 }
    }
    var text = "# \(key)\n# mode, mode, ln(1 + data in the cell)\n"
    for j in 0..<cells {
      for i in 0..<cells {
        let level = log1p(Double(counts[j * cells + i]))
        text +=
          String(format: "%.5g %.5g %.4g", centre(i, limits.0), centre(j, limits.1), level) + "\n"
      }
    }
    return text
  }

  private static func points(
    _ key: String, _ samples: Matrix<Double>, _ plane: (Int, Int)
  ) -> String {
    let count = min(pointLimit, samples.rows)
    return "# \(key)\n# mode, mode\n"
      + (0..<count).map { index -> String in
        let row = index * samples.rows / count
        return
          "\(NumberText.data(samples[row, plane.0])) \(NumberText.data(samples[row, plane.1]))\n"
      }.joined()
  }
}
