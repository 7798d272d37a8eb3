import Foundation
import NumericalCore
import Testing

@testable import DataSets

/// Damaged files of every format: readers return or throw `SzilardError`; they never crash, hang or
/// ask for memory that the file does not justify.
@Suite(.serialized) struct FuzzTests {
  /// Mutants a reader; `SZILARD_TEST_MUTANTS` sets another number.
  static let mutants: Int = {
    if let text = ProcessInfo.processInfo.environment["SZILARD_TEST_MUTANTS"] {
      return Int(text) ?? 0
    }
    #if DEBUG
      return 1000
    #else
      return 10_000
    #endif
  }()
  /// No reader may need more than this for files of a few kilobytes.
  static let memoryLimit = 300 << 20

  /// The bytes after one to four edits.
  ///
  /// Bytes are set, bits flipped, runs cut out or inserted, the end cut off, and numbers made
  /// extreme; half of the edits fall into the first 256 bytes.
  static func mutant(of base: [UInt8], _ stream: inout RandomStream) -> [UInt8] {
    var bytes = base
    for _ in 0...stream.index(below: 4) where !bytes.isEmpty {
      let range = stream.next() & 1 == 0 ? min(256, bytes.count) : bytes.count
      let place = stream.index(below: range)
      switch stream.index(below: 8) {
      case 0, 1: bytes[place] = UInt8(truncatingIfNeeded: stream.next())
      case 2, 3: bytes[place] ^= 1 << UInt8(stream.index(below: 8))
      case 4:
        if stream.index(below: 4) == 0 { bytes.removeLast(bytes.count - place) }
      case 5:
        let end = min(bytes.count, place + 1 + stream.index(below: 8))
        bytes.removeSubrange(place..<end)
      case 6:
        let run = (0...stream.index(below: 8)).map { _ in
          UInt8(truncatingIfNeeded: stream.next())
        }
        bytes.insert(contentsOf: run, at: place)
      default:
        let extremes: [UInt8] = [0, 1, 0x7f, 0x80, 0xff, 48, 57]
        let value = extremes[stream.index(below: extremes.count)]
        for offset in place..<min(bytes.count, place + 1 + stream.index(below: 8)) {
          bytes[offset] = value
        }
      }
    }
    return bytes
  }

  /// Runs a reader on mutants of the files and counts what came out.
  static func fuzz(
    _ name: String, _ bases: [[UInt8]], seed: UInt64, _ read: ([UInt8]) throws -> Void
  ) {
    let before = peakMemory()
    let start = Date()
    var accepted = 0
    var slowest = 0.0
    var peak = before
    for number in 0..<mutants {
      var stream = RandomStream(seed: seed, purpose: .test, index: UInt64(number))
      let bytes = mutant(of: bases[number % bases.count], &stream)
      let begin = Date()
      defer {
        slowest = max(slowest, Date().timeIntervalSince(begin))
        if peakMemory() - peak > 64 << 20 {
          print("fuzz \(name): mutant \(number) took \((peakMemory() - peak) >> 20) MiB")
          peak = peakMemory()
        }
      }
      do {
        try read(bytes)
        accepted += 1
      } catch is SzilardError {
      } catch {
        Issue.record("\(name), mutant \(number): not a SzilardError: \(error)")
      }
    }
    let seconds = Date().timeIntervalSince(start)
    #expect(peakMemory() - before < memoryLimit, "\(name): memory")
    #expect(slowest < 10, "\(name): \(slowest) s")
    print(
      "fuzz \(name): \(mutants) mutants, \(accepted) accepted, \(seconds) s, slowest \(slowest) s")
  }

  /// Runs the loader on mutants that lie in a file.
  static func fuzzFiles(
    _ fixtures: [String], seed: UInt64, suffix: String, options: DataOptions = DataOptions()
  ) throws {
    let scratch = try Scratch(inMemory: true)
    let path = scratch.path("mutant" + suffix)
    try fuzz(suffix, fixtures.map(fixtureBytes), seed: seed) { bytes in
      try FuzzTests.write(bytes, to: path)
      _ = try DataSet.load(path, options: options)
    }
  }

  /// Overwrites a file, without the ceremony of safe writing.
  static func write(_ bytes: [UInt8], to path: String) throws {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    #expect(Foundation.write(descriptor, bytes, bytes.count) == bytes.count)
    close(descriptor)
  }

  @Test func npy() throws {
    try FuzzTests.fuzz(
      "npy",
      ["matrix-f8.npy", "matrix-fortran.npy", "cube-u1.npy", "version-3.npy"].map(fixtureBytes),
      seed: 1
    ) { bytes in
      _ = try NPYFile.read(from: ByteStream(bytes: bytes, name: "mutant"))
      _ = try NPYSamples.read(
        ByteStream(bytes: bytes, name: "mutant"), options: DataOptions(), kind: nil)
    }
  }

  @Test func safetensors() throws {
    try FuzzTests.fuzz("safetensors", [fixtureBytes("library.safetensors")], seed: 2) { bytes in
      _ = try Safetensors(from: ByteStream(bytes: bytes, name: "mutant"))
    }
  }

  @Test func text() throws {
    let bases = [
      "a,b,c\n1,0,1\n0,1,1\n", "1 -1 1\n-1 -1 1\n", "# x\n0.5\t1e3\t-2\n1\t2\t3\n",
      "010110\n111000\n",
    ]
    FuzzTests.fuzz("text", bases.map { Array($0.utf8) }, seed: 3) { bytes in
      _ = try TextSamples.read(ByteStream(bytes: bytes, name: "mutant"), options: DataOptions())
    }
  }

  @Test func fasta() throws {
    let bases = [">one\nAC-\nGU\n>two\nGGGGG\n", ">a\nACDaa.EF\n>b\nAC-..EF\n>c\nACXEF\n"]
    FuzzTests.fuzz("fasta", bases.map { Array($0.utf8) }, seed: 4) { bytes in
      _ = try FASTASamples.read(ByteStream(bytes: bytes, name: "mutant"), options: DataOptions())
    }
  }

  @Test func idx() throws {
    let scratch = try Scratch(inMemory: true)
    let path = scratch.path("mutant.idx")
    let header: [UInt8] = [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4]
    FuzzTests.fuzz("idx", [header + (0..<24).map { UInt8($0 * 10) }], seed: 5) { bytes in
      try FuzzTests.write(bytes, to: path)
      _ = try DataSet.load(path)
    }
  }

  @Test func gzip() throws {
    try FuzzTests.fuzzFiles(["binary.npy.gz"], seed: 6, suffix: ".npy.gz")
    try FuzzTests.fuzzFiles(["tiny-images-idx3-ubyte.gz"], seed: 7, suffix: "-ubyte.gz")
    try FuzzTests.fuzzFiles(["tiny.fasta.gz", "spins.txt.gz"], seed: 8, suffix: ".gz")
  }

  @Test func npz() throws {
    try FuzzTests.fuzzFiles(["stored.npz", "deflated.npz"], seed: 9, suffix: ".npz")
  }

  @Test func unknownContent() throws {
    try FuzzTests.fuzzFiles(
      ["spins.txt.gz", "binary.npy.gz", "stored.npz", "version-2.npy"], seed: 10, suffix: "")
  }

  #if HDF5
    @Test func hdf5() throws {
      try FuzzTests.fuzzFiles(
        ["bernoulli.h5", "ising.h5", "categorical.h5", "chunked.h5"], seed: 11, suffix: ".h5")
    }

    @Test func hdf5Container() throws {
      let scratch = try Scratch(inMemory: true)
      let path = scratch.path("mutant.h5")
      try FuzzTests.fuzz("hdf5 container", [fixtureBytes("container.h5")], seed: 12) { bytes in
        try FuzzTests.write(bytes, to: path)
        let file = try HDF5File(reading: path)
        FuzzTests.walk(file, "", depth: 0)
      }
    }

    /// Reads all that there is, whatever single objects say.
    static func walk(_ file: HDF5File, _ group: String, depth: Int) {
      guard depth < 4, let names = try? file.names(in: group.isEmpty ? "/" : group) else { return }
      for name in names {
        let path = group + "/" + name
        switch file.kind(of: path) {
        case .group: walk(file, path, depth: depth + 1)
        case .dataset:
          _ = try? file.shape(of: path)
          _ = try? file.array(path)
          _ = try? file.strings(path)
          _ = try? file.rows(of: path, from: 0, count: 1)
        default: break
        }
      }
    }
  #endif
}
