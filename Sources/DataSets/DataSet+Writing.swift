public import NumericalCore

extension DataSet {
  /// Writes the samples to a file in the format of its suffix; the file is there whole or not at all.
  ///
  /// - `npy`: `[samples, units]`; 0/1 and colours as uint8, ±1 as int8, reals as float32.
  /// - `npz`: the same as `samples`, with `labels`, `weights`, `variable_type` and `alphabet`.
  /// - `h5`: the layout of `rbms`, `/samples`, `/labels`, `/variable_type`, with `/weights`,
  ///   `/alphabet` and `/names`.
  /// - `csv`, `tsv`, `txt`, `dat`: one sample a line between commas, tabs or blanks.
  /// - `fasta`, `fa`, …: categorical samples as sequences.
  ///
  /// - Throws: `usage` for a suffix that is not written, `cannotOpen` when the file cannot be written.
  public func write(to path: String) throws(SzilardError) {
    guard !path.hasSuffix(".gz") else {
      throw SzilardError(.usage, "\(path): data are written uncompressed; leave out .gz")
    }
    switch FileFormat.ofName(path) {
    case .npy:
      try AtomicFile.write(to: path) { sink throws(SzilardError) in
        try sink.append(
          NPYHeader.encoded(type: storedType, shape: [count, unitCount]))
        for sample in 0..<count { try sink.append(storedBytes(of: sample)) }
      }
    case .npz: try NPZArchive(companions(texts: true)).write(to: path)
    case .hdf5:
      try HDF5File.write(to: path) { file throws(SzilardError) in
        for (name, array) in companions(texts: false).sorted(by: { $0.key < $1.key }) {
          try file.write(array, to: name)
        }
        try file.write(variableKind.fileWord, to: "variable_type")
        if case .categorical(let alphabet) = variableKind {
          try file.write(alphabet.symbols, to: "alphabet")
        }
        if let names { try file.write(names, to: "names") }
      }
    case .text: try writeText(to: path)
    case .fasta: try writeFASTA(to: path)
    case .idx, nil:
      throw SzilardError(
        .usage,
        "\(path): data are written as npy, npz, h5, csv, tsv, txt, dat or fasta; the suffix decides"
      )
    }
  }

  /// The value of a unit as files hold it: 0/1, ±1, a colour, or a real.
  func value(_ sample: Int, _ unit: Int) -> Double {
    switch values {
    case .bits(let bits): bits[sample, unit] ? 1 : (variableKind == .spin ? -1 : 0)
    case .colours(let colours, _): Double(colours[sample, unit])
    case .reals(let reals): Double(reals[sample, unit])
    }
  }

  private var storedType: ScalarType {
    switch values {
    case .bits: variableKind == .spin ? .int8 : .uint8
    case .colours: .uint8
    case .reals: .float32
    }
  }

  private func storedBytes(of sample: Int) -> [UInt8] {
    switch values {
    case .bits(let bits):
      let low: UInt8 = variableKind == .spin ? 255 : 0
      return (0..<unitCount).map { bits[sample, $0] ? 1 : low }
    case .colours(let colours, _): return colours.row(sample)
    case .reals(let reals):
      return reals.row(sample).flatMap { value in
        withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0) }
      }
    }
  }

  /// The samples and what goes with them as arrays.
  private func companions(texts: Bool) -> [String: StoredArray] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count * unitCount * storedType.size)
    for sample in 0..<count { bytes += storedBytes(of: sample) }
    var result = [
      "samples": StoredArray(type: storedType, shape: [count, unitCount], bytes: bytes)
    ]
    if let labels { result["labels"] = StoredArray(labels) }
    if let weights { result["weights"] = StoredArray(weights) }
    if texts {
      result["variable_type"] = StoredArray(Array(variableKind.fileWord.utf8))
      if case .categorical(let alphabet) = variableKind {
        result["alphabet"] = StoredArray(alphabet.bytes)
      }
    }
    return result
  }

  private func writeText(to path: String) throws(SzilardError) {
    let separator = path.hasSuffix(".csv") ? "," : path.hasSuffix(".tsv") ? "\t" : " "
    try AtomicFile.write(to: path) { sink throws(SzilardError) in
      for sample in 0..<count {
        let fields = (0..<unitCount).map { unit in
          if case .reals(let reals) = values { return "\(reals[sample, unit])" }
          return "\(Int(value(sample, unit)))"
        }
        try sink.append(fields.joined(separator: separator) + "\n")
      }
    }
  }

  private func writeFASTA(to path: String) throws(SzilardError) {
    guard case .categorical(let alphabet) = variableKind, case .colours(let colours, _) = values
    else {
      throw SzilardError(.usage, "\(path): only categorical data are written as FASTA")
    }
    try AtomicFile.write(to: path) { sink throws(SzilardError) in
      for sample in 0..<count {
        try sink.append(">" + (names?[sample] ?? "sample_\(sample + 1)") + "\n")
        try sink.append(alphabet.text(of: colours.row(sample)) + "\n")
      }
    }
  }
}
