internal import DataSets
public import NumericalCore

extension Trajectories {
  /// Reads trajectories from a file, in double precision where it stores that.
  ///
  /// npy, npz, HDF5 and text (one state a line). An array `[time]` is one coordinate,
  /// `[time, coordinates]` one trajectory, `[chains, time, coordinates]` several.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - key: The array of an npz or HDF5 file (default: the usual names of samples, or the only one).
  /// - Throws: ``SzilardError``: `cannotOpen`, or `badData` with the place of what is not a finite number.
  public init(path: String, key: String? = nil) throws(SzilardError) {
    let array = try NumberArray.read(path, key: key)
    let shape = array.shape
    guard (1...3).contains(shape.count), !shape.contains(0) else {
      throw SzilardError(
        .badData,
        "\(path): an array of shape \(shape); a trajectory is [time, coordinates], several are "
          + "[chains, time, coordinates]")
    }
    let dimension = shape.count == 1 ? 1 : shape[shape.count - 1]
    let states = shape.reduce(1, *) / dimension
    guard states > dimension else {
      throw SzilardError(
        .badData,
        "\(path): \(states) states of \(dimension) coordinates; is the record transposed? It is [time, coordinates]"
      )
    }
    try self.init(
      values: array.doubles, chains: shape.count == 3 ? shape[0] : 1,
      dimension: dimension, name: path)
  }
}
