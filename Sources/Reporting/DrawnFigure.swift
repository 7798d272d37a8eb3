/// A figure in the folder of a run.
public struct DrawnFigure: Sendable, Equatable {
  /// The figure.
  public let figure: Figure
  /// The picture; nil where it could not be drawn.
  public let svg: String?
  /// The file of the picture; nil where it could not be drawn.
  public let svgFile: String?
  /// The file of the script.
  public let scriptFile: String
  /// The file of the data.
  public let dataFile: String
  /// Why there is no picture, where it was tried.
  public let problem: String?
}
