internal import DataSets
public import NumericalCore

/// Reduced potentials of samples in several states, as pymbar takes them.
///
/// `u_kn`, shape `[K, N]`, is the energy of sample n in state k times the inverse temperature there, samples
/// in the order of the states they were drawn from; `N_k` counts the samples of each state. Files are `.npz`
/// with both arrays, or an `.npy` of each.
public struct ReducedPotentials: Sendable, Equatable {
  /// u_k(xₙ), shape `[K, N]`.
  public var potentials: Matrix<Double>
  /// N_k.
  public var counts: [Int]

  /// Potentials and counts.
  public init(potentials: Matrix<Double>, counts: [Int]) {
    self.potentials = potentials
    self.counts = counts
  }

  /// Reads `u_kn` and `N_k` from an `.npz` file.
  ///
  /// - Throws: `SzilardError` that names the file, the array and what was expected.
  public init(path: String) throws(SzilardError) {
    let reader = try NPZReader(path: path)
    try self.init(
      potentials: reader.array("u_kn"), "\(path): u_kn", counts: reader.array("N_k"),
      "\(path): N_k")
  }

  /// Reads `u_kn` and `N_k` from one `.npy` file each.
  ///
  /// - Throws: `SzilardError` that names the file and what was expected.
  public init(potentialsPath: String, countsPath: String) throws(SzilardError) {
    try self.init(
      potentials: NPYFile.read(potentialsPath), potentialsPath, counts: NPYFile.read(countsPath),
      countsPath)
  }

  private init(
    potentials u: StoredArray, _ place: String, counts n: StoredArray, _ countPlace: String
  ) throws(SzilardError) {
    guard u.shape.count == 2 else {
      throw SzilardError(
        .badData,
        "\(place): expected the shape [states, samples], found \(u.shape)"
          + (u.shape.count == 3 ? "; convert u_kln with pymbar's kln_to_kn" : ""))
    }
    guard n.shape.count == 1, let counts = n.integers, counts.allSatisfy({ $0 >= 0 }) else {
      throw SzilardError(
        .badData, "\(countPlace): expected one count, not negative, for each state")
    }
    guard counts.count == u.shape[0], counts.reduce(0, +) == u.shape[1] else {
      throw SzilardError(
        .badData,
        "\(place): has \(u.shape[0]) states and \(u.shape[1]) samples, but \(countPlace) counts "
          + "\(counts.reduce(0, +)) samples of \(counts.count) states")
    }
    potentials = Matrix(rows: u.shape[0], columns: u.shape[1], elements: u.doubles)
    self.counts = counts
  }

  /// Writes an `.npz` file with `u_kn` and `N_k`; atomically.
  public func write(to path: String) throws(SzilardError) {
    try NPZArchive([
      "u_kn": StoredArray(
        potentials.elements, shape: [potentials.rows, potentials.columns]),
      "N_k": StoredArray(counts),
    ]).write(to: path)
  }
}
