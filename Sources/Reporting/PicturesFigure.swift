internal import BoltzmannMachines
public import NumericalCore

/// Pictures of real pixels in montages side by side.
public enum PicturesFigure {
  /// One or two montages.
  ///
  /// - Parameters:
  ///   - name: The name of its files without extension.
  ///   - title: What it is, in a few words.
  ///   - caption: What is to be seen.
  ///   - height: Pixels of a picture from top to bottom.
  ///   - width: Pixels from left to right.
  ///   - panels: Pictures, one a row, with the title of their montage.
  public static func make(
    name: String, title: String, caption: String, height: Int, width: Int,
    panels: [(title: String, pictures: Matrix<Float>)]
  ) -> Figure {
    precondition(!panels.isEmpty && panels.allSatisfy { $0.pictures.columns == height * width })
    let drawn = PictureGrid(height: height, width: width, kind: .gaussian, name: name).draw(
      panels.enumerated().map { index, panel in
        SamplePanel(
          key: "panel\(index + 1)", title: panel.title,
          values: SampleValues(states: .reals(panel.pictures), kind: .gaussian))
      })
    return Figure(
      name: name, title: title, caption: caption + " " + drawn.caption, script: drawn.script,
      data: drawn.data)
  }
}
