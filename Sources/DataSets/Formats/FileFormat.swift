internal import NumericalCore

/// The formats of data files.
enum FileFormat: String, Sendable, CaseIterable {
  case npy
  case npz
  case text
  case idx
  case hdf5
  case fasta

  /// The format that a name says; nil for a name that says nothing.
  static func ofName(_ path: String) -> FileFormat? {
    var name = (path.split(separator: "/").last.map(String.init) ?? path).lowercased()
    if name.hasSuffix(".gz") { name = String(name.dropLast(3)) }
    func ends(_ suffixes: String...) -> Bool { suffixes.contains { name.hasSuffix($0) } }
    if ends(".npy") { return .npy }
    if ends(".npz") { return .npz }
    if ends(".csv", ".tsv", ".txt", ".dat", ".d") { return .text }
    if ends(".h5", ".hdf5", ".hdf", ".he5") { return .hdf5 }
    if ends(".fasta", ".fa", ".fas", ".faa", ".fna", ".afa", ".a2m", ".a3m", ".aln", ".msa") {
      return .fasta
    }
    if ends(".idx", "ubyte", "-idx1", "-idx3", ".idx1", ".idx3") { return .idx }
    return nil
  }

  /// The format that the first (decompressed) bytes show; nil when they look like nothing known.
  static func ofContent(_ bytes: [UInt8]) -> FileFormat? {
    if bytes.starts(with: NPYHeader.magic) { return .npy }
    if bytes.starts(with: [0x50, 0x4b, 3, 4]) || bytes.starts(with: [0x50, 0x4b, 5, 6]) {
      return .npz
    }
    if bytes.starts(with: [0x89, 0x48, 0x44, 0x46, 13, 10, 26, 10]) { return .hdf5 }
    if bytes.count >= 4, bytes[0] == 0, bytes[1] == 0, IDXHeader.type(ofCode: bytes[2]) != nil,
      (1...8).contains(bytes[3])
    {
      return .idx
    }
    guard let first = bytes.first(where: { !isBlank($0) }) else { return nil }
    if first == UInt8(ascii: ">") { return .fasta }
    return bytes.allSatisfy { isBlank($0) || ($0 >= 32 && $0 < 127) } ? .text : nil
  }

  static func isBlank(_ byte: UInt8) -> Bool {
    byte == 32 || byte == 9 || byte == 10 || byte == 13
  }
}
