internal import DataSets
internal import Foundation
public import NumericalCore

extension Figure {
  /// Writes `name.gp` and `name.dat` to a folder and draws `name.svg` there.
  ///
  /// What gnuplot cannot draw is a problem told in the result, not an error.
  ///
  /// - Parameter gnuplot: The program, or nil to write script and data alone.
  /// - Throws: ``SzilardError`` of kind `cannotOpen` when the folder cannot be written.
  public func draw(in folder: String, with gnuplot: Gnuplot?) throws(SzilardError) -> DrawnFigure {
    let base = folder + "/" + name
    try AtomicFile.write(data.utf8, to: base + ".dat")
    try AtomicFile.write(script.utf8, to: base + ".gp")
    var svg: String?
    var problem: String?
    if let gnuplot {
      do throws(SzilardError) {
        svg = try gnuplot.draw(name, in: folder)
      } catch {
        problem = "The figure \(name) is not drawn: \(error.message)."
      }
    }
    // An older picture would not belong to the data beside it.
    if svg == nil { try? FileManager.default.removeItem(atPath: base + ".svg") }
    return DrawnFigure(
      figure: self, svg: svg, svgFile: svg == nil ? nil : base + ".svg",
      scriptFile: base + ".gp", dataFile: base + ".dat", problem: problem)
  }
}
