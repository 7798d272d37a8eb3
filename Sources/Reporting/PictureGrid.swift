internal import BoltzmannMachines

/// Samples as pictures in a grid, one montage a panel.
struct PictureGrid {
  let height: Int
  let width: Int
  let kind: UnitKind
  /// The name of the figure's files.
  var name = SamplesFigure.name

  /// Pictures side by side: at most eight, fewer when they are large.
  var columns: Int { max(1, min(8, 320 / width)) }
  /// Pictures above one another, such that the montage is about a square.
  var rows: Int {
    let square = (Double(columns * (width + gap)) / Double(height + gap)).rounded()
    return max(1, min(8, Int(square)))
  }
  /// Blank pixels between pictures.
  var gap: Int { max(1, min(width, height) / 14) }

  /// The montage of a panel, from top to bottom; nil is blank.
  func montage(_ values: SampleValues) -> [[Double?]] {
    let shown = values.some(rows * columns)
    let lines = max(1, min(rows, (shown.rows + columns - 1) / columns))
    var result = [[Double?]](
      repeating: [Double?](repeating: nil, count: columns * (width + gap) - gap),
      count: lines * (height + gap) - gap)
    for picture in 0..<shown.rows {
      let top = picture / columns * (height + gap)
      let left = picture % columns * (width + gap)
      for y in 0..<height {
        for x in 0..<width {
          result[top + y][left + x] = shown.value(picture, y * width + x)
        }
      }
    }
    return result
  }

  func draw(_ panels: [SamplePanel]) -> (script: String, data: String, caption: String) {
    let montages = panels.map { montage($0.values) }
    let blocks = zip(panels, montages).map { panel, montage in
      "# \(panel.key)\n# pictures of \(height) x \(width) units; NaN is blank\n"
        + montage.map { line in
          line.map { $0.map { SampleValues.text($0) } ?? "NaN" }.joined(separator: " ") + "\n"
        }.joined()
    }
    let isContinuous = kind == .gaussian
    let pixelWidth = Double(columns * (width + gap) - gap)
    let pixelHeight = Double(montages.map(\.count).max() ?? 1)
    let panelWidth = 325.0
    let picture = min(520, panelWidth * pixelHeight / pixelWidth)
    let total = Int(picture) + 44 + (isContinuous ? 60 : 0)
    let top = 36 / Double(total)
    let bottom = 1 - top - picture / Double(total)
    var script =
      FigureStyle.prologue(name, height: total)
      + SamplesFigure.palette(
        kind, alphabet: nil, values: montages.flatMap { $0 }.flatMap { $0 }.compactMap { $0 })
    script += """
      set multiplot
      unset key
      unset border
      unset tics
      unset grid
      unset colorbox
      set tmargin at screen \(1 - top)
      set bmargin at screen \(bottom)

      """
    for (index, panel) in panels.enumerated() {
      let left = panels.count == 1 ? 0.25 : index == 0 ? 0.02 : 0.52
      script += """
        set lmargin at screen \(left)
        set rmargin at screen \(left + 0.46)
        set title "\(panel.title)" offset 0, -0.4
        set xrange [-0.5:\(pixelWidth - 0.5)]
        set yrange [\(pixelHeight - 0.5):-0.5]
        set size ratio -1

        """
      if isContinuous, index == panels.count - 1 {
        let middle = 30 / Double(total)
        script +=
          "set cbtics\nset colorbox horizontal user origin 0.25, \(middle) size 0.5, \(12 / Double(total))\n"
      }
      script += "plot '\(name).dat' index '\(panel.key)' matrix with image notitle\n"
    }
    script += "unset multiplot\n"
    return (script, blocks.joined(separator: "\n\n"), SamplesFigure.legend(kind))
  }
}
