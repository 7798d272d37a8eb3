import DataSets
import Foundation
import NumericalCore
import TestSupport
import Testing

@testable import BoltzmannMachines

extension Pairing {
  /// A machine with everything a file can carry.
  func fullMachine(seed: UInt64) -> RestrictedBoltzmannMachine {
    var machine = machine(visible: 6, hidden: 3, seed: seed)
    if case .potts(let colours) = visible { machine.alphabet = String("-AC".prefix(colours)) }
    machine.shape = [2, 3]
    machine.dataMeans = machine.visible.biases.map { 0.5 + 0.4 * tanh($0) }
    return machine
  }

  /// The same with the hidden variances that rbms has.
  func machineForRBMS(seed: UInt64) -> RestrictedBoltzmannMachine {
    var machine = fullMachine(seed: seed)
    for unit in machine.hidden.variances.indices {
      machine.hidden.variances[unit] = Float(1.0 / 6)
    }
    return machine
  }

  /// Whether rbms has the pairing (0.5.0 the first two, its unreleased successor all five).
  var isOfRBMS: Bool {
    [
      "bernoulli-bernoulli", "potts-bernoulli", "spin-spin", "bernoulli-gaussian", "spin-gaussian",
    ].contains(description)
  }
}

@Suite struct ModelFileRoundTripTests {
  @Test(arguments: Pairing.all, ["safetensors", "npz"])
  func bitEqual(_ pairing: Pairing, suffix: String) throws {
    try temporaryDirectory { folder in
      let path = folder.appendingPathComponent("model." + suffix).path
      for machine in [pairing.fullMachine(seed: 81), pairing.machine(seed: 82)] {
        try ModelFile.save(machine, to: path)
        #expect(try ModelFile.load(path) == machine)
      }
    }
  }

  /// What decides between equal machines is what a file says, not what the reader assumes.
  @Test func kindsAreReadFromTheFile() throws {
    try temporaryDirectory { folder in
      for suffix in ["safetensors", "npz"] {
        let path = folder.appendingPathComponent("model." + suffix).path
        var machine = Pairing(visible: .potts(colours: 1), hidden: .spin).machine(seed: 83)
        try ModelFile.save(machine, to: path)
        #expect(try ModelFile.load(path) == machine)
        machine = Pairing(visible: .potts(colours: 256), hidden: .gaussian).machine(seed: 84)
        try ModelFile.save(machine, to: path)
        #expect(try ModelFile.load(path) == machine)
      }
    }
  }

  /// An export from elsewhere: no kinds, doubles, and Fortran order from NumPy's transposes.
  @Test func plainArrays() throws {
    try temporaryDirectory { folder in
      let path = folder.appendingPathComponent("model.npz").path
      try NPZArchive([
        "weights": StoredArray([0.5, -1, 2, 0.25, 3, -0.125] as [Double], shape: [3, 2]),
        "visible_bias": StoredArray([1, 2, 3] as [Double]),
        "hidden_bias": StoredArray([-1, 0.5] as [Double]),
      ]).write(to: path)
      let machine = try ModelFile.load(path)
      #expect(machine.visible.kind == .bernoulli && machine.hidden.kind == .bernoulli)
      #expect(machine.weights[1, 0] == 2 && machine.weights[2, 1] == -0.125)
      #expect(machine.visible.biases == [1, 2, 3] && machine.hidden.biases == [-1, 0.5])

      try NPZArchive([
        "weights": StoredArray((0..<24).map(Double.init), shape: [2, 4, 3]),
        "visible_bias": StoredArray((0..<8).map(Double.init), shape: [2, 4]),
        "hidden_bias": StoredArray([0, 0, 0] as [Double]),
      ]).write(to: path)
      let potts = try ModelFile.load(path)
      #expect(potts.visible.kind == .potts(colours: 4) && potts.visible.count == 2)
      #expect(potts.weights[5, 2] == 17)
    }
  }

  #if HDF5
    @Test(arguments: Pairing.all.filter(\.isOfRBMS))
    func bitEqualAsHDF5(_ pairing: Pairing) throws {
      try temporaryDirectory { folder in
        let path = folder.appendingPathComponent("model.h5").path
        var machine = pairing.machineForRBMS(seed: 85)
        try ModelFile.save(machine, to: path)
        #expect(try ModelFile.load(path) == machine)
        (machine.alphabet, machine.shape, machine.dataMeans) = (nil, nil, nil)
        try ModelFile.save(machine, to: path)
        #expect(try ModelFile.load(path) == machine)
      }
    }

    @Test(arguments: Pairing.all.filter { !$0.isOfRBMS })
    func refusedAsHDF5(_ pairing: Pairing) throws {
      try temporaryDirectory { folder in
        let path = folder.appendingPathComponent("model.h5").path
        let machine = pairing.machineForRBMS(seed: 86)
        let error = #expect(throws: SzilardError.self) { try ModelFile.save(machine, to: path) }
        #expect(error?.kind == .usage)
        #expect(!FileManager.default.fileExists(atPath: path))
        // Where the message says that 0/1 units would do, they do.
        let message = error?.message ?? ""
        let advises = message.contains("--units bernoulli")
        let converted = machine.convertedToBernoulli().machine
        #expect(
          advises
            == (RBMSType(visible: converted.visible.kind, hidden: converted.hidden.kind) != nil))
        if advises { try ModelFile.save(converted, to: path) }
        #expect(message.contains(".npz"))
      }
    }

    @Test func otherVariancesAreRefused() throws {
      try temporaryDirectory { folder in
        let path = folder.appendingPathComponent("model.h5").path
        var machine = Pairing(visible: .spin, hidden: .gaussian).machineForRBMS(seed: 87)
        machine.hidden.variances[2] = 0.5
        let error = #expect(throws: SzilardError.self) { try ModelFile.save(machine, to: path) }
        #expect(error?.kind == .usage)
        #expect(error?.message.contains("hidden unit 2 is 0.5") == true)
      }
    }

    /// The layout of section "rbms" in Documentation/ModelFiles.md, name by name.
    @Test func layoutOfRBMS() throws {
      try temporaryDirectory { folder in
        let path = folder.appendingPathComponent("model.h5").path
        let pairing = Pairing(visible: .potts(colours: 3), hidden: .bernoulli)
        try ModelFile.save(pairing.machineForRBMS(seed: 88), to: path)
        let file = try HDF5File(reading: path)
        #expect(
          try file.names() == [
            "hyperparameters", "model_type", "parallel_chains", "szilard", "update_1",
          ])
        #expect(
          try file.names(in: "update_1") == [
            "flags", "hbias", "numpy_rng_arg0", "numpy_rng_arg1", "numpy_rng_arg2",
            "numpy_rng_arg3", "numpy_rng_arg4", "params", "save_checkpoint", "time",
            "torch_rng_state", "vbias", "weight_matrix",
          ])
        #expect(try file.names(in: "update_1/params") == ["hbias", "vbias", "weight_matrix"])
        #expect(try file.shape(of: "update_1/params/weight_matrix") == [6, 3, 3])
        #expect(try file.shape(of: "parallel_chains") == [100, 6])
        #expect(try Set(file.integers("parallel_chains")) == [0, 1, 2])
        #expect(try file.shape(of: "update_1/torch_rng_state") == [5056])
        #expect(try file.elementKind(of: "update_1/flags/checkpoint") == .truth)
        #expect(try file.string("model_type") == "PBRBM")
        for name in ["weight_matrix", "vbias", "hbias"] {
          #expect(try file.array("update_1/\(name)") == file.array("update_1/params/\(name)"))
        }
      }
    }
  #endif

  /// The published first words of MT19937 seeded with 5489 (its default) and 0.
  @Test func seedingOfMersenneTwister() {
    let twister = MersenneTwister(seed: 5489)
    #expect(twister.words.count == 624 && twister.words[0] == 5489)
    #expect(twister.words[1] == 1_301_868_182 && twister.words[2] == 2_938_499_221)
    let state = MersenneTwister(seed: 0).torchState
    #expect(state.count == 5056 && state[8] == 1 && state[12] == 1 && state[24] == 0)
    #expect(state[32] == 1 && state.suffix(40).allSatisfy { $0 == 0 })
  }
}
