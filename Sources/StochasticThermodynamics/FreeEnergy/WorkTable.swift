internal import DataSets
internal import Foundation
public import NumericalCore

/// Works of forward and reverse trajectories, in units of the temperature.
///
/// Both are works done on the system: Crooks' relation is p_F(W)/p_R(−W) = e^{W − ΔF}, as in pymbar's
/// `w_F` and `w_R`. Files are
///
/// - `.npz` with arrays `w_F` and, where there are reverse trajectories, `w_R` (also `forward`, `reverse`),
/// - one file a direction: `.npy` with one axis, or text with one number a line (`#` comments, a header).
public struct WorkTable: Sendable, Equatable {
  /// Works of forward trajectories, started in equilibrium at the start.
  public var forward: [Double]
  /// Works of reverse trajectories, started in equilibrium at the end; empty where there are none.
  public var reverse: [Double]

  /// A table of the given works.
  public init(forward: [Double], reverse: [Double] = []) {
    self.forward = forward
    self.reverse = reverse
  }

  /// Reads `w_F` and `w_R` from an `.npz` file.
  ///
  /// - Throws: `SzilardError` that names the file and the array.
  public init(path: String) throws(SzilardError) {
    let archive = try NPZArchive(path: path)
    func works(_ names: [String], required: Bool) throws(SzilardError) -> [Double] {
      for name in names {
        if let array = archive.arrays[name] {
          return try WorkTable.column(array, "\(path): \(name)")
        }
      }
      guard required else { return [] }
      throw SzilardError(
        .badData,
        "\(path): holds no array '\(names[0])'; it holds "
          + archive.arrays.keys.sorted().joined(separator: ", "))
    }
    forward = try works(["w_F", "forward"], required: true)
    reverse = try works(["w_R", "reverse"], required: false)
  }

  /// Reads one file a direction: `.npy`, or text with one number a line.
  ///
  /// - Throws: `SzilardError` that names the file and the line.
  public init(forwardPath: String, reversePath: String? = nil) throws(SzilardError) {
    forward = try WorkTable.works(forwardPath)
    reverse = []
    if let reversePath { reverse = try WorkTable.works(reversePath) }
  }

  /// Writes an `.npz` file with `w_F` and, unless empty, `w_R`; atomically.
  public func write(to path: String) throws(SzilardError) {
    var arrays = ["w_F": StoredArray(forward)]
    if !reverse.isEmpty { arrays["w_R"] = StoredArray(reverse) }
    try NPZArchive(arrays).write(to: path)
  }

  /// Writes works of one direction: an `.npy` file, or text with one number a line, with all digits.
  public static func write(_ works: [Double], to path: String) throws(SzilardError) {
    if path.hasSuffix(".npy") { return try NPYFile.write(StoredArray(works), to: path) }
    try AtomicFile.write(to: path) { sink throws(SzilardError) in
      for work in works { try sink.append("\(work)\n") }
    }
  }

  private static func works(_ path: String) throws(SzilardError) -> [Double] {
    if path.hasSuffix(".npy") || path.hasSuffix(".npy.gz") {
      return try column(NPYFile.read(path), path)
    }
    if path.hasSuffix(".npz") {
      throw SzilardError(.usage, "\(path): holds both directions; give it as --works")
    }
    return try NumberColumn.read(path)
  }

  private static func column(_ array: StoredArray, _ place: String) throws(SzilardError) -> [Double]
  {
    guard array.shape.filter({ $0 != 1 }).count <= 1, array.count > 0 else {
      throw SzilardError(
        .badData, "\(place): expected works along one axis, found the shape \(array.shape)")
    }
    let values = array.doubles
    for (index, value) in values.enumerated() {
      try NumberColumn.check(value, place, "trajectory \(index + 1)")
    }
    return values
  }
}
