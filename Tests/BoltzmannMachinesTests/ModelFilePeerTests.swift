import Foundation
import NumericalCore
import TestSupport
import Testing

@testable import BoltzmannMachines

/// A Python with the packages of `Benchmarks/peers/requirements.txt`: that of SZILARD_PEERS_PYTHON,
/// else the one that `Benchmarks/peers/setup.sh` makes; nil where there is none.
private let peersPython: String? = {
  let folder = packageRoot.appendingPathComponent("Benchmarks/peers")
  let path =
    ProcessInfo.processInfo.environment["SZILARD_PEERS_PYTHON"]
    ?? folder.appendingPathComponent(".venv/bin/python").path
  guard FileManager.default.isExecutableFile(atPath: path) else { return nil }
  let probe = """
    import importlib.util as u, sys
    sys.exit(not all(u.find_spec(n) for n in ("rbms", "torch", "h5py", "safetensors")))
    """
  guard let result = try? run(path, ["-c", probe]), result.status == 0 else { return nil }
  return path
}()

private func run(_ program: String, _ arguments: [String]) throws -> (status: Int32, output: Data) {
  let process = Process()
  process.executableURL = URL(fileURLWithPath: program)
  process.arguments = arguments
  let pipe = Pipe()
  process.standardOutput = pipe
  try process.run()
  let output = pipe.fileHandleForReading.readDataToEndOfFile()
  process.waitUntilExit()
  return (process.terminationStatus, output)
}

/// What we write, read by the packages it is for.
@Suite(
  .enabled(
    if: peersPython != nil,
    "no Python with rbms: run Benchmarks/peers/setup.sh, or set SZILARD_PEERS_PYTHON"))
struct ModelFilePeerTests {
  private struct Digest: Decodable {
    let dtype: String?
    let shape: [Int]
    let sum: Double
    let sum_of_squares: Double
    let ramp_sum: Double
  }

  private struct Loaded: Decodable {
    let model_type: String
    let num_visibles: Int
    let num_hiddens: Int
    let num_states: Int?
    let parameters: [String: Digest]
    let parallel_chains: Digest
    let free_energy_of_lowest_state: Double
    let free_energy_of_highest_state: Double
    let load_params: String
    let load_model: String
    let restore: String
  }

  private struct Tensors: Decodable {
    let metadata: [String: String]
    let tensors: [String: Digest]
  }

  private func report<Report: Decodable>(
    _ type: Report.Type, _ script: String, _ arguments: [String]
  ) throws -> Report {
    let python = try #require(peersPython)
    let path = packageRoot.appendingPathComponent("Benchmarks/peers/" + script).path
    let (status, output) = try run(python, [path] + arguments)
    try #require(status == 0, "\(script) failed")
    return try JSONDecoder().decode(type, from: output)
  }

  private func expect(_ values: [Float], _ shape: [Int], are digest: Digest?) throws {
    let digest = try #require(digest)
    let exact = values.map(Double.init)
    #expect(digest.shape == shape)
    func sum(_ term: (Int, Double) -> Double) -> Double {
      exact.enumerated().reduce(0) { $0 + term($1.offset, $1.element) }
    }
    let tolerance = 1e-13 * Double(exact.count) * sum { abs($1) }
    #expect(isClose(sum { $1 }, digest.sum, absolute: tolerance))
    #expect(isClose(sum { $1 * $1 }, digest.sum_of_squares, absolute: tolerance))
    #expect(isClose(sum { Double($0 + 1) * $1 }, digest.ramp_sum, absolute: tolerance))
  }

  @Test(arguments: [
    Pairing(visible: .bernoulli, hidden: .bernoulli),
    Pairing(visible: .potts(colours: 3), hidden: .bernoulli),
  ])
  func rbmsLoadsAndRestores(_ pairing: Pairing) throws {
    try temporaryDirectory { folder in
      let path = folder.appendingPathComponent("model.h5").path
      let machine = pairing.machineForRBMS(seed: 101)
      try ModelFile.save(machine, to: path)
      let loaded = try report(Loaded.self, "check_model.py", [path, "--require", "restore"])
      #expect([loaded.load_params, loaded.load_model, loaded.restore] == ["ok", "ok", "ok"])
      #expect(loaded.num_visibles == 6 && loaded.num_hiddens == 3)
      let (visible, hidden) = (machine.visible, machine.hidden)
      let colours = visible.kind.channels
      let sites = colours > 1 ? [6, colours] : [6]
      #expect(loaded.num_states == (colours > 1 ? colours : nil))
      try expect(machine.weights.elements, sites + [3], are: loaded.parameters["weight_matrix"])
      try expect(visible.biases, sites, are: loaded.parameters["vbias"])
      try expect(hidden.biases, [3], are: loaded.parameters["hbias"])
      #expect(loaded.parallel_chains.shape == [100, 6])
      let states = allStates(of: visible).values
      for (state, free) in [
        (states.first, loaded.free_energy_of_lowest_state),
        (states.last, loaded.free_energy_of_highest_state),
      ] {
        let state = try #require(state)
        #expect(isClose(machine.freeEnergy(ofVisible: state), free, absolute: 5e-5 * 3))
      }
    }
  }

  @Test(arguments: Pairing.all) func safetensorsReads(_ pairing: Pairing) throws {
    try temporaryDirectory { folder in
      let path = folder.appendingPathComponent("model.safetensors").path
      let machine = pairing.fullMachine(seed: 102)
      try ModelFile.save(machine, to: path)
      let file = try report(Tensors.self, "read_safetensors.py", [path])
      #expect(file.metadata["visible_units"] == pairing.visible.name)
      #expect(file.metadata["hidden_units"] == pairing.hidden.name)
      #expect(file.metadata["shape"] == "2,3")
      let colours = machine.visible.kind.channels
      let sites = colours > 1 ? [6, colours] : [6]
      try expect(machine.weights.elements, sites + [3], are: file.tensors["weights"])
      try expect(machine.visible.biases, sites, are: file.tensors["visible_bias"])
      try expect(machine.hidden.biases, [3], are: file.tensors["hidden_bias"])
      try expect(machine.dataMeans ?? [], [6 * colours], are: file.tensors["data_means"])
      #expect(file.tensors.values.allSatisfy { $0.dtype == "float32" })
      #expect((file.tensors["visible_variance"] != nil) == (pairing.visible == .gaussian))
      #expect((file.tensors["hidden_variance"] != nil) == (pairing.hidden == .gaussian))
    }
  }
}
