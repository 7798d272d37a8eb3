import Foundation
import NumericalCore
import Testing

@testable import DataSets

@Suite struct NPYTests {
  static let signed = [
    "i1", "i2", "i4", "i8", "f2", "f4", "f8", "big-i2", "big-i4", "big-f4", "big-f8",
  ]
  static let unsigned = ["u1", "u2", "u4", "u8", "big-u2"]

  @Test(arguments: signed) func readsSignedTypes(_ code: String) throws {
    let path = fixture("matrix-\(code).npy")
    let array = try NPYFile.read(path)
    #expect(array.shape == [3, 4])
    #expect(array.doubles == generalRows.flatMap { $0 })
    let data = try load(path)
    #expect(data.variableKind == .continuous)
    #expect(rows(of: data) == generalRows)
  }

  @Test(arguments: unsigned) func readsUnsignedTypes(_ code: String) throws {
    let path = fixture("matrix-\(code).npy")
    #expect(try NPYFile.read(path).doubles == unsignedRows.flatMap { $0 })
    #expect(try rows(of: load(path)) == unsignedRows)
  }

  @Test func readsTruthValues() throws {
    let data = try load(fixture("matrix-bool.npy"))
    #expect(data.variableKind == .binary)
    #expect(rows(of: data) == binaryRows)
  }

  @Test func readsFortranOrder() throws {
    let path = fixture("matrix-fortran.npy")
    #expect(try NPYFile.read(path).doubles == generalRows.flatMap { $0 })
    #expect(try rows(of: load(path)) == generalRows)
    let transposed = try load(path) { $0.transpose = true }
    #expect(transposed.count == 4 && transposed.unitCount == 3)
    #expect(transposed.value(1, 2) == generalRows[2][1])
    let cube = try NPYFile.read(fixture("cube-fortran.npy"))
    #expect(cube.integers == Array(0..<24))
    expectError(.badData, "Fortran order") { _ = try load(fixture("cube-fortran.npy")) }
  }

  @Test func readsPictures() throws {
    let data = try load(fixture("cube-u1.npy"))
    #expect(data.count == 2 && data.unitCount == 12)
    #expect(data.pictureShape == DataSet.PictureShape(height: 3, width: 4))
    #expect(data.value(1, 0) == 12)
  }

  @Test(arguments: ["version-2.npy", "version-3.npy", "binary.npy.gz"])
  func readsVersionsAndCompression(_ name: String) throws {
    let data = try load(fixture(name))
    #expect(data.variableKind == .binary)
    #expect(rows(of: data) == binaryRows)
  }

  @Test func transposeAndLimit() throws {
    let data = try load(fixture("version-2.npy")) {
      $0.transpose = true
      $0.limit = 2
    }
    #expect(rows(of: data) == [[0, 1, 0], [1, 0, 1]])
    #expect(try rows(of: load(fixture("version-2.npy")) { $0.limit = 1 }) == [binaryRows[0]])
    expectError(.usage, "limit") { _ = try load(fixture("version-2.npy")) { $0.limit = 0 } }
  }

  @Test func refusesOtherShapesAndTypes() throws {
    expectError(.badData, "vector.npy", "[3]", "two axes") { _ = try load(fixture("vector.npy")) }
    expectError(.badData, "[]", "two axes") { _ = try load(fixture("scalar.npy")) }
    expectError(.badData, "<c16") { _ = try load(fixture("complex.npy")) }
    expectError(.badData, "structured") { _ = try load(fixture("structured.npy")) }
    #expect(try NPYFile.read(fixture("scalar.npy")).doubles == [2.5])
  }

  @Test func roundTrips() throws {
    let scratch = try Scratch()
    let arrays = [
      StoredArray([1.5, -2, .infinity] as [Float]), StoredArray([0.1, 1e300]),
      StoredArray([Int.min, 3, Int.max], shape: [3, 1]), StoredArray([UInt64.max]),
      StoredArray([1, 2, 3, 4, 5, 6] as [UInt8], shape: [1, 2, 3]), StoredArray([7.0], shape: []),
      StoredArray([] as [Float], shape: [0, 5]),
      StoredArray(type: .bool, shape: [2], bytes: [1, 0]),
    ]
    for (number, array) in arrays.enumerated() {
      let path = scratch.path("\(number).npy")
      try NPYFile.write(array, to: path)
      #expect(try NPYFile.read(path) == array)
    }
    #expect(arrays[0].floats == [1.5, -2, .infinity])
    #expect(arrays[2].integers == [Int.min, 3, Int.max])
    #expect(arrays[3].integers == nil && arrays[3].words == [UInt64.max])
    #expect(arrays[1].integers == nil)
  }

  @Test func promisesOfTerabytes() throws {
    let scratch = try Scratch()
    let before = peakMemory()
    for shape in [[1 << 20, 1 << 20], [1 << 40, 1 << 40], [1 << 60, 4]] {
      let header = NPYHeader.encoded(type: .float64, shape: shape)
      let path = try scratch.file("huge.npy", header + [UInt8](repeating: 0, count: 64))
      expectError(.badData, "huge.npy") { _ = try load(path) }
      expectError(.badData, "huge.npy") { _ = try NPYFile.read(path) }
    }
    #expect(peakMemory() - before < 64 << 20)
  }

  @Test func truncation() throws {
    let scratch = try Scratch()
    let bytes = try fixtureBytes("matrix-f8.npy")
    for length in 1..<bytes.count {
      let path = try scratch.file("cut.npy", Array(bytes[..<length]))
      expectError(.badData, "cut.npy") { _ = try load(path) }
    }
    let packed = try fixtureBytes("binary.npy.gz")
    for length in [20, 60, packed.count - 9] {
      let path = try scratch.file("cut.npy.gz", Array(packed[..<length]))
      expectError(.badData, "cut.npy.gz") { _ = try load(path) }
    }
  }

  @Test func nonFiniteValues() throws {
    let scratch = try Scratch()
    let path = scratch.path("nan.npy")
    try NPYFile.write(StoredArray([1, 2, 3, .nan] as [Float], shape: [2, 2]), to: path)
    expectError(.badData, "nan.npy", "row 2, column 2", "nan") { _ = try load(path) }
    try NPYFile.write(StoredArray([1, .infinity, 3, 0] as [Float], shape: [2, 2]), to: path)
    expectError(.badData, "row 1, column 2", "inf") { _ = try load(path) }
  }
}
