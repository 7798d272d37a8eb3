extension Report {
  /// What a report wrote.
  public struct Outcome: Sendable, Equatable {
    /// The file of the page.
    public let report: String
    /// The figures in the order of the page.
    public let figures: [DrawnFigure]
    /// Whether there was a gnuplot to draw with.
    public let hasGnuplot: Bool
    /// What a person should know: figures that are missing, data that could not be read.
    public let notes: [String]
  }
}
