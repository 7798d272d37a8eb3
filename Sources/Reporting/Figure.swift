/// A figure before it is drawn: a gnuplot script and the data it draws.
///
/// The script names its data by a relative name and holds no text from outside, so that it can be run
/// again in its folder, and changed.
public struct Figure: Sendable, Equatable {
  /// The name of its files without extension.
  public let name: String
  /// What it is, in a few words.
  public let title: String
  /// How to read it, for a person.
  public let caption: String
  /// The gnuplot script `name.gp`, which draws `name.svg`.
  public let script: String
  /// The data file `name.dat`.
  public let data: String

  /// A figure.
  public init(name: String, title: String, caption: String, script: String, data: String) {
    self.name = name
    self.title = title
    self.caption = caption
    self.script = script
    self.data = data
  }
}
