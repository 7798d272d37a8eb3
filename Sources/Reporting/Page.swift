internal import DataSets
internal import Foundation
package import NumericalCore

/// A page that needs no other file, and its figures with their scripts and data in `figures/` beside it.
package struct Page {
  /// The folder it stands in.
  let folder: String
  /// The program that draws; nil writes scripts and data alone.
  let gnuplot: Gnuplot?
  /// What a reader must be told before all else.
  package private(set) var notes: [String]

  private var figuresFolder: String { folder + "/figures" }

  /// Makes the folders.
  ///
  /// - Throws: ``SzilardError`` of kind `cannotOpen` when they cannot be made, `usage` for an empty name.
  package init(
    folder: String, gnuplot: Gnuplot?, notes: [String] = []
  ) throws(SzilardError) {
    guard !folder.isEmpty else {
      throw SzilardError(.usage, "the name of the folder for the page is empty")
    }
    self.folder = folder
    self.gnuplot = gnuplot
    self.notes = notes
    do {
      try FileManager.default.createDirectory(
        atPath: folder + "/figures", withIntermediateDirectories: true)
    } catch {
      throw SzilardError(
        .cannotOpen,
        "\(folder)/figures: the folder cannot be made: \(error.localizedDescription)")
    }
    if gnuplot == nil {
      self.notes.append(
        "gnuplot was not found, so figures are not drawn; their scripts and data are in the folder figures."
      )
    }
  }

  /// Draws figures into the folder, and notes what could not be drawn.
  package mutating func draw(_ figures: [Figure]) throws(SzilardError) -> [DrawnFigure] {
    var drawn: [DrawnFigure] = []
    for figure in figures {
      drawn.append(try figure.draw(in: figuresFolder, with: gnuplot))
    }
    notes += drawn.compactMap(\.problem)
    return drawn
  }

  /// Writes the page whole, or not at all.
  ///
  /// - Parameters:
  ///   - title: Plain text.
  ///   - header: What stands above the notes.
  ///   - body: What stands below them.
  /// - Returns: The file.
  package func write(
    _ name: String, title: String, header: String, body: String
  ) throws(SzilardError) -> String {
    let lines = notes.map { "<p>\(HTML.escape($0))</p>" }.joined(separator: "\n")
    let told = lines.isEmpty ? "" : "<div class=\"notes\" role=\"note\">\n\(lines)\n</div>"
    let html = """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <meta name="color-scheme" content="light dark">
      <title>Szilard: \(HTML.escape(title))</title>
      <style>
      \(PageStyle.css)
      </style>
      </head>
      <body>
      <main>
      \(header)
      \(told)
      \(body)
      </main>
      </body>
      </html>

      """
    let file = "\(folder)/\(name)"
    try AtomicFile.write(html.utf8, to: file)
    return file
  }
}
