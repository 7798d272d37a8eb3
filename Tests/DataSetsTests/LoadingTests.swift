import Foundation
import NumericalCore
import Testing

@testable import DataSets

@Suite struct LoadingTests {
  @Test func pathsThatAreNoFiles() throws {
    let scratch = try Scratch()
    expectError(.cannotOpen, "no such file", "gone.npy") { _ = try load(scratch.path("gone.npy")) }
    expectError(.cannotOpen, "is a folder") { _ = try load(scratch.folder) }
    expectError(.cannotOpen, "no such file") { _ = try load("folder/a:b.txt") }
    for name in ["e.npy", "e.npz", "e.csv", "e.h5", "e.idx", "e.fasta", "e"] {
      let path = try scratch.file(name, "")
      #if HDF5
        expectError(.badData, name, "empty") { _ = try load(path) }
      #endif
    }
    let unknown = try scratch.file("unknown.bin", [1, 2, 3, 4, 200])
    expectError(.badData, "format is not known", "npy") { _ = try load(unknown) }
  }

  @Test func contentDecidesWhereTheNameDoesNot() throws {
    let scratch = try Scratch()
    for (name, source) in [
      ("a", "version-2.npy"), ("b", "deflated.npz"), ("c.bin", "binary.npy.gz"),
    ] {
      let path = try scratch.file(name, fixtureBytes(source))
      #expect(try rows(of: load(path)) == binaryRows)
    }
    #expect(try load(scratch.file("d", ">a\nMKV\n")).variableKind == .categorical(.protein))
    #expect(try load(scratch.file("sequences.txt", ">a\nMKV\n")).names == ["a"])
    #expect(try load(scratch.file("e", "0 1\n1 0\n")).variableKind == .binary)
    #if HDF5
      #expect(try rows(of: load(scratch.file("f", fixtureBytes("bernoulli.h5.gz")))) == binaryRows)
    #endif
    // A name that promises another format than the content.
    let wrong = try scratch.file("wrong.npy", "0 1\n1 0\n")
    expectError(.badData, "not an npy file") { _ = try load(wrong) }
    let wrongZip = try scratch.file("wrong.npz", "0 1\n1 0\n")
    expectError(.badData, "not an npz file") { _ = try load(wrongZip) }
    #if HDF5
      let wrongHDF5 = try scratch.file("wrong.h5", "0 1\n1 0\n")
      expectError(.badData, "not an HDF5 file") { _ = try load(wrongHDF5) }
    #endif
  }

  @Test func readsIDX() throws {
    let data = try load(fixture("tiny-images-idx3-ubyte.gz"))
    #expect(data.variableKind == .continuous && data.count == 2 && data.unitCount == 12)
    #expect(data.labels == [7, 3])
    #expect(data.pictureShape == DataSet.PictureShape(height: 3, width: 4))
    #expect(data.value(1, 11) == Double(Float(253.0 / 255)))
    let bits = try load(fixture("tiny-images-idx3-ubyte.gz")) { $0.binarisation = .threshold(0.5) }
    #expect(bits.variableKind == .binary)
    #expect(rows(of: bits) == rows(of: data).map { $0.map { $0 > 0.5 ? 1 : 0 } })
    #expect(try load(fixture("tiny-images-idx3-ubyte.gz")) { $0.limit = 1 }.labels == [7])
    expectError(.badData, "labels, not samples") {
      _ = try load(fixture("tiny-labels-idx1-ubyte.gz"))
    }
    // Bytes 0 and 1 are values, not grey levels.
    let scratch = try Scratch()
    let header: [UInt8] = [0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3]
    let small = try scratch.file("x.idx", header + [0, 1, 1, 1, 0, 0])
    #expect(try rows(of: load(small)) == [[0, 1, 1], [1, 0, 0]])
    let cut = try scratch.file("y.idx", header + [0, 1, 1, 1, 0])
    expectError(.badData, "y.idx", "truncated") { _ = try load(cut) }
    let huge = try scratch.file("z.idx", [0, 0, 8, 2, 127, 255, 255, 255, 127, 255, 255, 255, 0])
    expectError(.badData, "promises") { _ = try load(huge) }
    let foreign = try scratch.file("w.idx", [9, 0, 8, 2])
    expectError(.badData, "not an idx file") { _ = try load(foreign) }
  }

  @Test(arguments: ["npy", "npz", "csv", "tsv", "txt", "h5", "fasta"])
  func writesAndReadsBack(_ suffix: String) throws {
    #if !HDF5
      if suffix == "h5" { return }
    #endif
    let scratch = try Scratch()
    let path = scratch.path("x." + suffix)
    var sets = [
      try load("bars-and-stripes:size=3"), try load("two-modes:units=70,samples=50"),
      try load("gaussian-mixture:dimension=3,samples=40"),
    ]
    if suffix == "fasta" {
      for set in sets { expectError(.usage, "categorical") { try set.write(to: path) } }
      sets = []
    }
    if ["npz", "h5", "fasta"].contains(suffix) { sets.append(try load(fixture("tiny.fasta.gz"))) }
    for var set in sets {
      if suffix != "fasta" { set.weights = (0..<set.count).map { Double($0) / 8 } }
      try set.write(to: path)
      #expect(scratch.contents == ["x." + suffix])
      let back = try load(path)
      #expect(back.values == set.values)
      #expect(back.variableKind == set.variableKind)
      if suffix == "npz" || suffix == "h5" {
        #expect(back.labels == set.labels)
        #expect(back.weights == set.weights)
      }
      if suffix == "fasta" || suffix == "h5" { #expect(back.names == set.names) }
      try FileManager.default.removeItem(atPath: path)
    }
  }

  @Test func placesThatCannotBeWritten() throws {
    let scratch = try Scratch()
    let data = try load("bars-and-stripes:size=2")
    expectError(.usage, "suffix") { try data.write(to: scratch.path("x.png")) }
    expectError(.usage, ".gz") { try data.write(to: scratch.path("x.npy.gz")) }
    for suffix in ["npy", "npz", "csv"] {
      expectError(.cannotOpen, "no folder") {
        try data.write(to: scratch.path("none/x." + suffix))
      }
      let folder = scratch.path("folder." + suffix)
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      expectError(.cannotOpen, "is a folder") { try data.write(to: folder) }
    }
    if access("/proc/version", F_OK) == 0 {
      // Nobody, not even the superuser, can make files there.
      expectError(.cannotOpen, "/proc/x.npy", "cannot be written") {
        try data.write(to: "/proc/x.npy")
      }
    }
    if access("/dev/full", W_OK) == 0 {
      // A full disk: the sink fails, the target is untouched.
      let path = try scratch.file("old.csv", "old")
      expectError(.cannotOpen, "old.csv") {
        try AtomicFile.replace(path) { temporary throws(SzilardError) in
          symlink("/dev/full", temporary)
          let descriptor = open(temporary, O_WRONLY)
          defer { close(descriptor) }
          guard write(descriptor, "x", 1) == 1 else {
            throw SzilardError(.cannotOpen, "\(path): No space left on device")
          }
        }
      }
      #expect(try String(contentsOfFile: path, encoding: .utf8) == "old")
    }
    #expect(!scratch.contents.contains { $0.contains("partial") })
  }

  @Test func atomicWriting() throws {
    let scratch = try Scratch()
    try AtomicFile.write(Array("first".utf8), to: scratch.path("a"))
    try AtomicFile.write(Array("second".utf8), to: scratch.path("a"))
    #expect(try String(contentsOfFile: scratch.path("a"), encoding: .utf8) == "second")
    expectError(.internalFault, "stop") {
      try AtomicFile.write(to: scratch.path("a")) { sink throws(SzilardError) in
        try sink.append("third")
        throw SzilardError(.internalFault, "stop")
      }
    }
    #expect(try String(contentsOfFile: scratch.path("a"), encoding: .utf8) == "second")
    #expect(scratch.contents == ["a"])
  }

  @Test func splitting() throws {
    let data = try load("hierarchy:samples=101,units=20")
    let (train, test) = data.split(fraction: 0.6, seed: 3)
    #expect(train.count == 61 && test.count == 40)
    let again = data.split(fraction: 0.6, seed: 3)
    #expect(again.first.values == train.values && again.second.values == test.values)
    #expect(data.split(fraction: 0.6, seed: 4).first.values != train.values)
    // Together the parts are the data.
    let all = (rows(of: train) + rows(of: test)).map { "\($0)" }.sorted()
    #expect(all == rows(of: data).map { "\($0)" }.sorted())
    #expect(train.labels?.count == 61 && test.coarseLabels?.count == 40)
    let mean =
      (61 * (train.exactLogLikelihood ?? 0) + 40 * (test.exactLogLikelihood ?? 0)) / 101
    #expect(abs(mean - (data.exactLogLikelihood ?? 0)) < 1e-9)
    #expect(data.split(fraction: 1, seed: 1).second.count == 0)
  }
}
