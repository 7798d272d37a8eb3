package import NumericalCore

#if HDF5
  internal import CHDF5
  internal import Foundation

  /// The lock around the library, which is not safe to call from two threads, and its silence.
  enum HDF5Library {
    private static let recursiveLock: NSRecursiveLock = {
      // At the end of the process the library would complain of damaged files that it cannot close.
      H5dont_atexit()
      return NSRecursiveLock()
    }()

    /// Some builds of the library keep the setting that silences them by thread.
    static func lock() {
      recursiveLock.lock()
      szh_be_silent()
    }

    static func unlock() { recursiveLock.unlock() }
  }

  /// An HDF5 file: groups, arrays and text.
  ///
  /// Files are made in the earliest format (superblock 0, contiguous, unfiltered), which every
  /// version of the library reads. `@unchecked Sendable`: `file` is used under the library's lock
  /// only, and the other fields never change.
  package final class HDF5File: @unchecked Sendable {
    /// The name for messages.
    package let path: String
    /// The size of a file that is read; 0 for one that is being made.
    let size: Int
    /// The library's number of the file.
    let file: hid_t

    /// What there is at a path in the file.
    package enum ObjectKind: Sendable {
      case group
      case dataset
      case other
    }

    /// What the elements of a dataset are.
    package enum ElementKind: Sendable {
      case integer
      case real
      case truth
      case text
      case other
    }

    /// Opens a file for reading.
    package convenience init(reading path: String) throws(SzilardError) {
      try self.init(reading: path, name: path)
    }

    /// Opens a file for reading; `name` is what messages call it.
    package init(reading path: String, name: String) throws(SzilardError) {
      size = try FileStatus.sizeOfReadableFile(path) ?? 0
      guard size > 0 else { throw SzilardError(.badData, "\(name): the file is empty") }
      self.path = name
      HDF5Library.lock()
      defer { HDF5Library.unlock() }
      let access = H5Pcreate(szh_file_access())
      defer { H5Pclose(access) }
      H5Pset_fclose_degree(access, H5F_CLOSE_STRONG)
      file = H5Fopen(path, szh_read_only(), access)
      guard file >= 0 else {
        throw SzilardError(.badData, "\(name): not an HDF5 file, or damaged")
      }
      guards = HDF5Guard(path: path, name: name)
    }

    /// The checks before the library is let at an object of a file that is read.
    let guards: HDF5Guard?

    /// Makes a file, replacing one of the same name.
    ///
    /// Use ``write(to:_:)`` to do so atomically.
    package init(creating path: String) throws(SzilardError) {
      self.path = path
      size = 0
      guards = nil
      HDF5Library.lock()
      defer { HDF5Library.unlock() }
      let access = H5Pcreate(szh_file_access())
      defer { H5Pclose(access) }
      H5Pset_fclose_degree(access, H5F_CLOSE_STRONG)
      szh_earliest_format(access)
      file = H5Fcreate(path, szh_truncate(), szh_default(), access)
      guard file >= 0 else {
        throw SzilardError(.cannotOpen, "\(path): cannot be written as an HDF5 file")
      }
    }

    deinit {
      HDF5Library.lock()
      H5Fclose(file)
      HDF5Library.unlock()
    }

    /// Makes a file, atomically: `body` fills it.
    package static func write(
      to path: String, _ body: (HDF5File) throws(SzilardError) -> Void
    ) throws(SzilardError) {
      try AtomicFile.replace(path) { temporary throws(SzilardError) in
        let file = try HDF5File(creating: temporary)
        try body(file)
        try file.flush(for: path)
      }
    }

    private func flush(for path: String) throws(SzilardError) {
      HDF5Library.lock()
      defer { HDF5Library.unlock() }
      guard H5Fflush(file, H5F_SCOPE_GLOBAL) >= 0 else {
        throw SzilardError(.cannotOpen, "\(path): cannot be written; is the disk full?")
      }
    }

    func damaged(_ object: String, _ what: String) -> SzilardError {
      SzilardError(.badData, "\(path): \(object): \(what)")
    }
  }
#else
  /// An HDF5 file; this build has no HDF5, and every call throws.
  package final class HDF5File: Sendable {
    package let path: String

    package enum ObjectKind: Sendable { case group, dataset, other }
    package enum ElementKind: Sendable { case integer, real, truth, text, other }

    package convenience init(reading path: String) throws(SzilardError) {
      try self.init(reading: path, name: path)
    }
    package init(reading path: String, name: String) throws(SzilardError) {
      throw HDF5File.absent(name)
    }
    package init(creating path: String) throws(SzilardError) { throw HDF5File.absent(path) }

    package static func write(
      to path: String, _ body: (HDF5File) throws(SzilardError) -> Void
    ) throws(SzilardError) { throw absent(path) }

    static func absent(_ path: String) -> SzilardError {
      SzilardError(
        .usage,
        "\(path): this szilard was built without HDF5; build it with the package trait HDF5, or "
          + "convert the file to npz")
    }

    package func names(in group: String = "/") throws(SzilardError) -> [String] {
      throw HDF5File.absent(path)
    }
    package func kind(of object: String) -> ObjectKind? { nil }
    package func exists(_ object: String) -> Bool { false }
    package func shape(of dataset: String) throws(SzilardError) -> [Int] {
      throw HDF5File.absent(path)
    }
    package func elementKind(of dataset: String) throws(SzilardError) -> ElementKind {
      throw HDF5File.absent(path)
    }
    package func array(_ dataset: String) throws(SzilardError) -> StoredArray {
      throw HDF5File.absent(path)
    }
    package func rows(
      of dataset: String, from first: Int, count: Int
    ) throws(SzilardError) -> [Double] { throw HDF5File.absent(path) }
    package func strings(_ dataset: String) throws(SzilardError) -> [String] {
      throw HDF5File.absent(path)
    }
    package func string(_ dataset: String) throws(SzilardError) -> String {
      throw HDF5File.absent(path)
    }
    package func createGroup(_ group: String) throws(SzilardError) { throw HDF5File.absent(path) }
    package func write(_ array: StoredArray, to dataset: String) throws(SzilardError) {
      throw HDF5File.absent(path)
    }
    package func write(_ value: Bool, to dataset: String) throws(SzilardError) {
      throw HDF5File.absent(path)
    }
    package func write(_ text: String, to dataset: String) throws(SzilardError) {
      throw HDF5File.absent(path)
    }
    package func write(_ texts: [String], to dataset: String) throws(SzilardError) {
      throw HDF5File.absent(path)
    }
    package func link(_ object: String, as name: String) throws(SzilardError) {
      throw HDF5File.absent(path)
    }
  }
#endif

extension HDF5File {
  /// The numbers of a dataset as floats.
  package func floats(_ dataset: String) throws(SzilardError) -> [Float] {
    try array(dataset).floats
  }

  /// The numbers of a dataset as doubles.
  package func doubles(_ dataset: String) throws(SzilardError) -> [Double] {
    try array(dataset).doubles
  }

  /// The one number of a dataset.
  package func double(_ dataset: String) throws(SzilardError) -> Double {
    let values = try doubles(dataset)
    guard values.count == 1 else {
      throw SzilardError(.badData, "\(path): \(dataset): holds \(values.count) numbers, not one")
    }
    return values[0]
  }

  /// The one integer of a dataset.
  package func integer(_ dataset: String) throws(SzilardError) -> Int {
    let values = try integers(dataset)
    guard values.count == 1 else {
      throw SzilardError(.badData, "\(path): \(dataset): holds \(values.count) numbers, not one")
    }
    return values[0]
  }

  /// The integers of a dataset.
  package func integers(_ dataset: String) throws(SzilardError) -> [Int] {
    guard let values = try array(dataset).integers else {
      throw SzilardError(.badData, "\(path): \(dataset): holds numbers that are not integers")
    }
    return values
  }

  /// Writes one integer.
  package func write(_ value: Int, to dataset: String) throws(SzilardError) {
    try write(StoredArray([value], shape: []), to: dataset)
  }

  /// Writes one number.
  package func write(_ value: Double, to dataset: String) throws(SzilardError) {
    try write(StoredArray([value], shape: []), to: dataset)
  }
}
