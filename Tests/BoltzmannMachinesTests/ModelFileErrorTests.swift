import DataSets
import Foundation
import NumericalCore
import TestSupport
import Testing

@testable import BoltzmannMachines

/// Files that are not models, or not quite: each is refused with a message that says what is wrong.
@Suite struct ModelFileErrorTests {
  private func expect(
    _ path: String, _ part: String, kind: SzilardError.Kind = .badData,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let error = #expect(throws: SzilardError.self, sourceLocation: sourceLocation) {
      try ModelFile.load(path)
    }
    let message = error?.message ?? ""
    #expect(error?.kind == kind, "\(message)", sourceLocation: sourceLocation)
    #expect(message.contains(part), "\(message)", sourceLocation: sourceLocation)
    #expect(message.hasPrefix(path), "\(message)", sourceLocation: sourceLocation)
  }

  @Test func notModelFiles() throws {
    try temporaryDirectory { folder in
      expect(folder.appendingPathComponent("none.npz").path, "there is no such", kind: .cannotOpen)
      expect(folder.path, "holds no model.safetensors", kind: .cannotOpen)
      for suffix in ["safetensors", "npz", "h5", "txt"] {
        let url = folder.appendingPathComponent("model." + suffix)
        try Data("This is not a model, whatever its name says.\n".utf8).write(to: url)
        expect(url.path, suffix == "txt" ? "is not a model format" : "not a")
        try Data().write(to: url)
        expect(url.path, suffix == "txt" ? "is not a model format" : "empty")
      }
    }
  }

  private static let suffixes: [String] = {
    #if HDF5
      ["safetensors", "npz", "h5"]
    #else
      ["safetensors", "npz"]
    #endif
  }()

  @Test(arguments: suffixes) func truncated(_ suffix: String) throws {
    try temporaryDirectory { folder in
      let url = folder.appendingPathComponent("model." + suffix)
      let pairing = Pairing(visible: .bernoulli, hidden: .bernoulli)
      try ModelFile.save(pairing.fullMachine(seed: 111), to: url.path)
      let whole = try Data(contentsOf: url)
      for part in 1..<20 {
        try whole.prefix(whole.count * part / 20).write(to: url)
        expect(url.path, "model")
      }
    }
  }

  @Test(arguments: suffixes) func notFinite(_ suffix: String) throws {
    try temporaryDirectory { folder in
      let path = folder.appendingPathComponent("model." + suffix).path
      let pairing = Pairing(visible: .bernoulli, hidden: .bernoulli)
      var machine = pairing.machine(seed: 112)
      machine.weights[2, 1] = .nan
      try ModelFile.save(machine, to: path)
      expect(path, "weight [2, 1] is not a finite number")
      machine = pairing.machine(seed: 112)
      machine.hidden.biases[1] = .infinity
      try ModelFile.save(machine, to: path)
      expect(path, "hidden bias 1 is not a finite number")
    }
  }

  /// Named arrays, by both formats that hold them.
  @Test func tensors() throws {
    let pairing = Pairing(visible: .potts(colours: 3), hidden: .gaussian)
    let good = SafetensorsModel.encode(pairing.fullMachine(seed: 113))
    func expect(_ part: String, _ change: (inout Safetensors) -> Void) throws {
      var file = good
      change(&file)
      try temporaryDirectory { folder in
        let path = folder.appendingPathComponent("model.safetensors").path
        try file.write(to: path)
        self.expect(path, part)
        var arrays = file.tensors
        for key in ["visible_units", "hidden_units", "alphabet", "shape"] {
          if let text = file.metadata[key] { arrays[key] = StoredArray(Array(text.utf8)) }
        }
        let npz = folder.appendingPathComponent("model.npz").path
        try NPZArchive(arrays).write(to: npz)
        self.expect(npz, part)
      }
    }
    func zeros(_ shape: Int...) -> StoredArray {
      StoredArray([Float](repeating: 0, count: shape.reduce(1, *)), shape: shape)
    }
    try expect("there is no tensor 'hidden_bias'") { $0.tensors["hidden_bias"] = nil }
    try expect("there is no tensor 'weights'") { $0.tensors["weights"] = nil }
    try expect("[visible, hidden] or") { $0.tensors["weights"] = zeros(18) }
    try expect("at least one unit") { $0.tensors["weights"] = zeros(6, 3, 0) }
    try expect("at least one unit") { $0.tensors["weights"] = zeros(0, 3, 3) }
    try expect("4 hidden biases do not fit") { $0.tensors["hidden_bias"] = zeros(4) }
    try expect("expected [6, 3]") { $0.tensors["visible_bias"] = zeros(3, 6) }
    try expect("17 visible biases do not fit") { $0.tensors["visible_bias"] = zeros(17) }
    try expect("potts units have 0") { $0.tensors["weights"] = zeros(18, 3) }
    try expect("bernoulli units have 1") { $0.metadata["visible_units"] = "bernoulli" }
    try expect("'relu' is not a kind") { $0.metadata["hidden_units"] = "relu" }
    try expect("hidden Potts") { $0.metadata["hidden_units"] = "potts" }
    try expect("hidden_variance has the shape [2]; expected [3]") {
      $0.tensors["hidden_variance"] = zeros(2)
    }
    try expect("hidden variance 0 is 0") { $0.tensors["hidden_variance"] = zeros(3) }
    try expect("alphabet 'ACDE'") { $0.metadata["alphabet"] = "ACDE" }
    try expect("pictures of shape [2, 4]") { $0.metadata["shape"] = "2,4" }
    try expect("pictures of shape") { $0.metadata["shape"] = "6,x" }
    try expect("data_means must be 18") { $0.tensors["data_means"] = zeros(6) }
    try expect("possible means of potts") {
      $0.tensors["data_means"] = StoredArray([Float](repeating: 2, count: 18))
    }
  }

  @Test func textInArchives() throws {
    try temporaryDirectory { folder in
      let path = folder.appendingPathComponent("model.npz").path
      let machine = Pairing(visible: .spin, hidden: .spin).machine(seed: 114)
      try ModelFile.save(machine, to: path)
      var archive = try NPZArchive(path: path)
      archive.arrays["visible_units"] = StoredArray([1.0 as Float])
      try archive.write(to: path)
      expect(path, "np.frombuffer")
    }
  }

  /// sklearn keeps weights as [hidden, visible].
  @Test func transposedWeights() throws {
    try temporaryDirectory { folder in
      let path = folder.appendingPathComponent("model.npz").path
      try NPZArchive([
        "weights": StoredArray([Float](repeating: 0, count: 6), shape: [2, 3]),
        "visible_bias": StoredArray([0, 0, 0] as [Float]),
        "hidden_bias": StoredArray([0, 0] as [Float]),
      ]).write(to: path)
      expect(path, "Are the weights transposed?")
    }
  }

  #if HDF5
    /// A file of `rbms` with changes.
    private func file(
      _ path: String, type: String? = "BBRBM", group: String = "update_3/params",
      weights: [Int] = [4, 3], visible: [Int]? = [4], hidden: [Int]? = [3],
      more: (HDF5File) throws(SzilardError) -> Void = { _ in }
    ) throws {
      func ramp(_ shape: [Int]) -> StoredArray {
        StoredArray((0..<shape.reduce(1, *)).map { Float($0) }, shape: shape)
      }
      try HDF5File.write(to: path) { file throws(SzilardError) in
        if let type { try file.write(type, to: "model_type") }
        try file.write(ramp(weights), to: group + "/weight_matrix")
        if let visible { try file.write(ramp(visible), to: group + "/vbias") }
        if let hidden { try file.write(ramp(hidden), to: group + "/hbias") }
        try more(file)
      }
    }

    @Test func layouts() throws {
      try temporaryDirectory { folder in
        let path = folder.appendingPathComponent("model.h5").path
        try file(path)
        #expect(try ModelFile.load(path).weights[1, 2] == 5)
        try file(path, type: "CEBM")
        expect(path, "model_type is 'CEBM'; BBRBM, PBRBM, IIRBM, BGRBM, IGRBM are read")
        try file(path, hidden: nil)
        expect(path, "there is no dataset 'update_3/params/hbias'")
        try file(path, visible: [5])
        expect(path, "update_3/params/vbias has the shape [5]; expected [4]")
        try file(path, hidden: [3, 1])
        expect(path, "update_3/params/hbias has the shape [3, 1]; expected [3]")
        try file(path, type: "PBRBM")
        expect(path, "a PBRBM have the axes [visible, states, hidden]")
        try file(path, weights: [4, 2, 3], visible: [4, 2])
        expect(path, "a BBRBM have the axes [visible, hidden]")
        try file(path, type: "PBRBM", weights: [4, 2, 3], visible: [2, 4])
        expect(path, "vbias has the shape [2, 4]; expected [4, 2]")
        try file(path, weights: [4, 0], hidden: [0])
        expect(path, "none of them empty")
        try file(path, weights: [0, 3], visible: [0])
        expect(path, "none of them empty")
        try file(path, type: "PBRBM", weights: [2, 257, 1], visible: [2, 257], hidden: [1])
        expect(path, "257 colours")
        try file(path, type: nil, group: "update_x")
        expect(path, "holds no model: expected a group update_<N>")
        try HDF5File.write(to: path) { file throws(SzilardError) in
          try file.write(StoredArray([0, 1] as [Float], shape: [1, 2]), to: "samples")
        }
        expect(path, "a file of samples")
        try HDF5File.write(to: path) { file throws(SzilardError) in
          try file.write(StoredArray([0, 1] as [Float], shape: [1, 2]), to: "epoch_2/bias")
          try file.write(StoredArray([0] as [Float]), to: "epoch_2/coupling_matrix")
        }
        expect(path, "without hidden units")
        try file(path) { file throws(SzilardError) in
          try file.write(StoredArray([3, 2]), to: "szilard/shape")
        }
        expect(path, "pictures of shape [3, 2]")
      }
    }

    /// More updates than one node of a group's tree holds; the newest is the largest number, not
    /// the last name.
    @Test func manyUpdates() throws {
      try temporaryDirectory { folder in
        let path = folder.appendingPathComponent("model.h5").path
        try HDF5File.write(to: path) { file throws(SzilardError) in
          try file.write("BBRBM", to: "model_type")
          for update in 1...1001 {
            let value = Float(update)
            let group = "update_\(update)/params/"
            try file.write(StoredArray([value], shape: [1, 1]), to: group + "weight_matrix")
            try file.write(StoredArray([value]), to: group + "vbias")
            try file.write(StoredArray([value]), to: group + "hbias")
          }
        }
        #expect(try ModelFile.load(path).weights[0, 0] == 1001)
        #expect(try HDF5Model.load(path, update: 317).weights[0, 0] == 317)
      }
    }

    /// The axis of the states in files that do not say their type.
    @Test func orderOfAxes() throws {
      try temporaryDirectory { folder in
        let path = folder.appendingPathComponent("model.h5").path
        func counts(_ a: Int, _ b: Int, said: Int? = nil, chains: Int? = nil) throws -> [Int] {
          try file(path, type: nil, group: "update_3", weights: [a, b, 3], visible: [a, b]) {
            file throws(SzilardError) in
            if let said { try file.write(said, to: "hyperparameters/num_visibles") }
            if let chains {
              let zeros = [Float](repeating: 0, count: 2 * chains)
              try file.write(StoredArray(zeros, shape: [2, chains]), to: "parallel_chains")
            }
          }
          let machine = try ModelFile.load(path)
          // Element [1, 0, 2] as stored: unit 1, state 0; or state 1, unit 0.
          let value = Float(b * 3 + 2)
          let q = machine.visible.kind.channels
          let isFirst = machine.visible.count == a
          #expect(machine.weights[isFirst ? q : 1, 2] == value)
          #expect(machine.visible.biases[isFirst ? q : 1] == Float(b))
          return [machine.visible.count, q]
        }
        #expect(try counts(5, 4) == [5, 4])
        #expect(try counts(4, 5) == [5, 4])
        #expect(try counts(4, 5, said: 4) == [4, 5])
        #expect(try counts(5, 4, said: 4) == [4, 5])
        #expect(try counts(4, 5, chains: 4) == [4, 5])
        #expect(try counts(5, 4, said: 7, chains: 4) == [4, 5])
        try file(path, type: nil, group: "update_3", weights: [4, 4, 3], visible: [4, 4])
        expect(path, "nothing tells which axis holds the states")
        try file(path, type: "PBRBM", group: "update_3", weights: [4, 4, 3], visible: [4, 4])
        let potts = try ModelFile.load(path)
        #expect(potts.weights[4, 2] == 14)
      }
    }
  #endif
}
