import Foundation
import NumericalCore
import Testing

@testable import DataSets

@Suite struct ContainerTests {
  @Test func readsNPZ() throws {
    let stored = try load(fixture("stored.npz"))
    #expect(stored.variableKind == .spin)
    #expect(rows(of: stored) == binaryRows.map { $0.map { 2 * $0 - 1 } })
    #expect(stored.labels == [2, 0, 1])
    let deflated = try load(fixture("deflated.npz"))
    #expect(deflated.variableKind == .binary)
    #expect(rows(of: deflated) == binaryRows)
    expectError(.usage, "first", "second") { _ = try load(fixture("several.npz")) }
    #expect(try rows(of: load(fixture("several.npz")) { $0.key = "second" }) == generalRows)
    expectError(.badData, "third", "first, second") {
      _ = try load(fixture("several.npz")) { $0.key = "third" }
    }
  }

  @Test(arguments: [true, false]) func npzRoundTrip(_ deflated: Bool) throws {
    let scratch = try Scratch()
    let arrays = [
      "a": StoredArray([1, 2, 3] as [Float]), "b/c": StoredArray([1, 2, 3, 4], shape: [2, 2]),
      "empty": StoredArray([] as [Double]),
    ]
    let path = scratch.path("x.npz")
    try NPZArchive(arrays).write(to: path, deflated: deflated)
    #expect(try NPZArchive(path: path).arrays == arrays)
    let first = try Data(contentsOf: URL(fileURLWithPath: path))
    try NPZArchive(arrays).write(to: path, deflated: deflated)
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == first)
    #expect(scratch.contents == ["x.npz"])
  }

  @Test func readsSafetensorsOfTheLibrary() throws {
    let file = try Safetensors(path: fixture("library.safetensors"))
    #expect(file.metadata == ["kind": "test"])
    #expect(file.tensors["weights"]?.shape == [3, 4])
    #expect(file.tensors["weights"]?.doubles == generalRows.flatMap { $0 }.map { $0 / 8 })
    #expect(file.tensors["biases"]?.doubles == (0..<4).map { Double($0) / 3 })
    #expect(file.tensors["steps"]?.integers == [-7] && file.tensors["steps"]?.shape == [])
    #expect(file.tensors["state"]?.words == [UInt64.max, 5])
    #expect(file.tensors["bytes"]?.bytes == [0, 1, 2])
    #expect(file.tensors["empty"]?.shape == [0, 3])
  }

  @Test func safetensorsRoundTrip() throws {
    let scratch = try Scratch()
    var file = Safetensors()
    file.metadata = ["a \"quoted\" key": "Zeile\n/ü", "b": ""]
    file.tensors = [
      "x": StoredArray([1.5, 2.5] as [Float]), "deep.name/y": StoredArray([0.1], shape: []),
      "z": StoredArray([1, 2, 3] as [UInt8]), "n": StoredArray([-1]),
      "none": StoredArray([] as [Float], shape: [2, 0]),
    ]
    try file.write(to: scratch.path("m.safetensors"))
    let back = try Safetensors(path: scratch.path("m.safetensors"))
    #expect(back.tensors == file.tensors && back.metadata == file.metadata)
    #expect(
      try Safetensors(from: ByteStream(bytes: Safetensors().encoded(), name: "none")).tensors
        .isEmpty)
  }

  @Test(arguments: [
    ("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]}}", 4, "cannot lie"),
    ("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}", 8, "hole"),
    ("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 8, "follow"),
    ("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 2, "truncated"),
    ("{\"a\":{\"dtype\":\"C64\",\"shape\":[1],\"data_offsets\":[0,8]}}", 8, "C64"),
    ("{\"a\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,4]}}", 4, "cannot lie"),
    (
      "{\"a\":{\"dtype\":\"F32\",\"shape\":[99999999999999],\"data_offsets\":[0,399999999999996]}}",
      4, "promises"
    ),
    ("{\"a\":3}", 0, "understood"), ("[]", 0, "no JSON object"), ("{\"a\"", 0, "understood"),
    ("{\"__metadata__\":{\"a\":1}}", 0, "understood"),
    (
      "{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]},"
        + "\"b\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[1,3]}}", 3, "overlaps"
    ),
  ]) func refusesUnsoundSafetensors(_ header: String, _ count: Int, _ part: String) throws {
    let length = withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { [UInt8]($0) }
    let bytes = length + Array(header.utf8) + [UInt8](repeating: 0, count: count)
    expectError(.badData, "made up", part) {
      _ = try Safetensors(from: ByteStream(bytes: bytes, name: "made up"))
    }
  }

  @Test func safetensorsHeaderOfTerabytes() {
    let bytes = [UInt8](repeating: 0xff, count: 8) + [1, 2, 3]
    expectError(.badData, "header") {
      _ = try Safetensors(from: ByteStream(bytes: bytes, name: "made up"))
    }
  }

  #if HDF5
    @Test func readsHDF5OfTheLibrary() throws {
      let file = try HDF5File(reading: fixture("container.h5"))
      #expect(try file.names().contains("update_1"))
      #expect(file.kind(of: "update_1/params") == .group)
      #expect(file.kind(of: "update_1/vbias") == .dataset)
      #expect(!file.exists("update_2/params") && file.exists("/"))
      #expect(try file.string("model_type") == "BBRBM")
      #expect(try file.strings("names") == ["alpha", "", "gamma ray"])
      #expect(try file.strings("fixed") == ["one", "three"])
      let weights = try file.array("update_1/params/weight_matrix")
      #expect(weights.shape == [3, 4] && weights.type == .float32)
      #expect(weights.doubles == generalRows.flatMap { $0 }.map { $0 / 8 })
      #expect(try file.doubles("update_1/vbias") == (0..<4).map { Double($0) / 3 })
      #expect(try file.elementKind(of: "update_1/flag") == .truth)
      #expect(try file.array("update_1/flag") == StoredArray(type: .bool, shape: [], bytes: [1]))
      #expect(try file.array("update_1/torch_rng_state").bytes == [0, 1, 2, 3, 4])
      #expect(try file.integers("update_1/numpy_rng_arg1") == [1, 4_294_967_295])
      #expect(try file.integer("seed") == 12_345_678_901)
      #expect(try file.array("big").words == [UInt64.max])
      #expect(try file.double("learning_rate") == 0.01)
      #expect(try file.array("empty").shape == [0, 3])
      expectError(.badData, "nothing") { _ = try file.array("nothing") }
      expectError(.badData, "model_type", "no numbers") { _ = try file.array("model_type") }
      expectError(.badData, "update_1", "not a dataset") { _ = try file.array("update_1") }
    }

    @Test func hdf5RoundTrip() throws {
      let scratch = try Scratch()
      let path = scratch.path("x.h5")
      let weights = StoredArray((0..<6).map { Float($0) / 7 }, shape: [2, 3])
      try HDF5File.write(to: path) { file throws(SzilardError) in
        try file.write("IIRBM", to: "model_type")
        try file.write(weights, to: "update_3/params/weight_matrix")
        try file.link("update_3/params/weight_matrix", as: "update_3/weight_matrix")
        try file.createGroup("hyperparameters")
        try file.write(100, to: "hyperparameters/num_hiddens")
        try file.write(0.25, to: "hyperparameters/learning_rate")
        try file.write(true, to: "update_3/flags/ptt")
        try file.write(["a", "", "ü"], to: "names")
        try file.write(StoredArray([UInt64.max]), to: "words")
        try file.write(StoredArray([1, 2] as [UInt8]), to: "bytes")
        try file.write(StoredArray([] as [Float], shape: [0, 2]), to: "empty")
      }
      #expect(scratch.contents == ["x.h5"])
      let file = try HDF5File(reading: path)
      #expect(try file.string("model_type") == "IIRBM")
      #expect(try file.array("update_3/weight_matrix") == weights)
      #expect(try file.integer("hyperparameters/num_hiddens") == 100)
      #expect(try file.double("hyperparameters/learning_rate") == 0.25)
      #expect(try file.array("update_3/flags/ptt").bytes == [1])
      #expect(try file.elementKind(of: "update_3/flags/ptt") == .truth)
      #expect(try file.strings("names") == ["a", "", "ü"])
      #expect(try file.array("words").words == [UInt64.max])
      #expect(try file.array("bytes").type == .uint8)
      #expect(try file.array("empty").shape == [0, 2])
      // Superblock 0.
      #expect(try Data(contentsOf: URL(fileURLWithPath: path))[8] == 0)
    }

    @Test func unwritableHDF5() {
      expectError(.cannotOpen, "no-such-folder") {
        try HDF5File.write(to: "/no-such-folder/x.h5") { _ throws(SzilardError) in }
      }
    }

    @Test(arguments: ["bernoulli.h5", "bernoulli.h5.gz", "chunked.h5"])
    func readsSamples(_ name: String) throws {
      let data = try load(fixture(name))
      #expect(data.variableKind == .binary)
      #expect(rows(of: data) == binaryRows)
      if name != "chunked.h5" { #expect(data.labels == [2, 0, 1]) }
    }

    @Test func readsVariableTypes() throws {
      #expect(try load(fixture("ising.h5")).variableKind == .spin)
      let categorical = try load(fixture("categorical.h5"))
      #expect(categorical.variableKind == .categorical(.numbered(4)))
      #expect(rows(of: categorical) == unsignedRows.map { $0.map { Double(Int($0) % 5) } })
      let dna = try load(fixture("categorical.h5")) { $0.alphabet = .dna }
      #expect(dna.variableKind == .categorical(.dna))
      expectError(.badData, "holds 3", "0 to 2") {
        _ = try load(fixture("categorical.h5")) { $0.alphabet = try Alphabet("ACG") }
      }
      #expect(try load(fixture("continuous.h5")).variableKind == .continuous)
      expectError(.badData, "samples", "update_1") { _ = try load(fixture("container.h5")) }
      expectError(.badData, "no dataset 'nothing'") {
        _ = try load(fixture("ising.h5")) { $0.key = "nothing" }
      }
      expectError(.badData, "two-valued") {
        _ = try load(fixture("continuous.h5")) { $0.variableKind = .binary }
      }
    }
  #endif
}
