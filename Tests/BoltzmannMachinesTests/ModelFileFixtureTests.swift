#if HDF5
  @testable import BoltzmannMachines
  import Foundation
  import NumericalCore
  import TestSupport
  import Testing

  /// What `Fixtures/make_fixtures.py` says of a model file, computed in double by NumPy.
  struct ModelFixture: Decodable, Sendable {
    struct Digest: Decodable, Sendable {
      let stored_dtype: String
      let shape: [Int]
      let sum: Double
      let sum_of_squares: Double
      let ramp_sum: Double
      let first: Double
      let last: Double
    }

    struct Saved: Decodable, Sendable {
      let checkpoint: Int
      let parameters: [String: Digest]
      let visible_states: [[Int]]
      let free_energies: [Double]
      let hidden_states: [[Double]]
      let energies: [Double]
      let log_z: Double
      /// By rbms itself, where it loads the file.
      let rbms_free_energies: [Double]?
    }

    let file: String
    let model_type: String
    let visible_unit: String
    let hidden_unit: String
    let num_visibles: Int
    let num_hiddens: Int
    let num_states: Int?
    let checkpoints: [Saved]

    static let folder = packageRoot.appendingPathComponent("Tests/BoltzmannMachinesTests/Fixtures")

    static let names = [
      "bbrbm", "pbrbm", "iirbm", "bgrbm", "igrbm", "bbrbm_minimal", "bbrbm_new_format",
      "legacy_update", "legacy_epoch", "legacy_q_first", "legacy_flat_q_first",
    ]

    static func path(_ name: String) -> String { folder.appendingPathComponent(name + ".h5").path }

    static func named(_ name: String) throws -> ModelFixture {
      let json = try Data(contentsOf: folder.appendingPathComponent(name + ".json"))
      return try JSONDecoder().decode(ModelFixture.self, from: json)
    }
  }

  @Suite struct ModelFileFixtureTests {
    private func expect(
      _ values: [Float], _ digest: ModelFixture.Digest, _ what: String, _ tolerance: Double
    ) {
      let exact = values.map(Double.init)
      #expect(exact.count == digest.shape.reduce(1, *), "\(what)")
      func agrees(_ value: Double?, _ expected: Double, _ scale: Double) -> Bool {
        value.map { isClose($0, expected, relative: tolerance, absolute: tolerance * scale) }
          ?? false
      }
      let norm = exact.reduce(0) { $0 + abs($1) }
      let count = Double(exact.count)
      #expect(agrees(exact.first, digest.first, 1), "\(what)")
      #expect(agrees(exact.last, digest.last, 1), "\(what)")
      #expect(agrees(exact.reduce(0, +), digest.sum, norm), "\(what)")
      #expect(agrees(exact.reduce(0) { $0 + $1 * $1 }, digest.sum_of_squares, norm), "\(what)")
      let ramp = exact.enumerated().reduce(0) { $0 + Double($1.offset + 1) * $1.element }
      #expect(agrees(ramp, digest.ramp_sum, norm * count), "\(what)")
    }

    /// Visible values of the machine for the states of the fixture.
    private func values(_ state: [Int], of layer: Layer) -> [Double] {
      guard case .potts(let colours) = layer.kind else { return state.map(Double.init) }
      return state.flatMap { chosen in (0..<colours).map { $0 == chosen ? 1 : 0 } }
    }

    private func expect(
      _ machine: RestrictedBoltzmannMachine, is saved: ModelFixture.Saved, of fixture: ModelFixture
    ) throws {
      let what = "\(fixture.file), update \(saved.checkpoint)"
      let colours = fixture.num_states ?? 0
      #expect(
        machine.visible.kind == UnitKind(name: fixture.visible_unit, colours: colours), "\(what)")
      #expect(machine.hidden.kind == UnitKind(name: fixture.hidden_unit), "\(what)")
      #expect(machine.visible.count == fixture.num_visibles, "\(what)")
      #expect(machine.hidden.count == fixture.num_hiddens, "\(what)")
      #expect(machine.alphabet == nil && machine.dataMeans == nil && machine.shape == nil)

      let weights = try #require(saved.parameters["weight_matrix"])
      let visible = try #require(saved.parameters["vbias"])
      let hidden = try #require(saved.parameters["hbias"])
      let isDouble = weights.stored_dtype == "<f8"
      let tolerance = isDouble ? 1e-6 : 1e-12
      expect(machine.weights.elements, weights, what + ": weights", tolerance)
      expect(machine.visible.biases, visible, what + ": visible", tolerance)
      expect(machine.hidden.biases, hidden, what + ": hidden", tolerance)

      // Parameters are rounded to float where the file holds doubles; the variance 1/N_v always is.
      let slack = isDouble ? 1e-5 : machine.hidden.kind == .gaussian ? 1e-6 : 1e-11
      for (index, state) in saved.visible_states.enumerated() {
        let v = values(state, of: machine.visible)
        let free = machine.freeEnergy(ofVisible: v)
        #expect(
          isClose(free, saved.free_energies[index], relative: slack, absolute: slack), "\(what)")
        let energy = machine.energy(visible: v, hidden: saved.hidden_states[index])
        #expect(
          isClose(energy, saved.energies[index], relative: slack, absolute: slack), "\(what)")
        // rbms takes softplus x = x from x = 10 on.
        if let peers = saved.rbms_free_energies {
          #expect(
            isClose(free, peers[index], absolute: 5e-5 * Double(machine.hidden.count)), "\(what)")
        }
      }
      let logZ = try ExactEnumeration.logPartitionFunction(of: machine)
      #expect(isClose(logZ, saved.log_z, relative: slack, absolute: slack), "\(what): ln Z \(logZ)")
    }

    @Test(arguments: ModelFixture.names) func newest(_ name: String) throws {
      let fixture = try ModelFixture.named(name)
      let saved = try #require(fixture.checkpoints.max { $0.checkpoint < $1.checkpoint })
      try expect(ModelFile.load(ModelFixture.path(name)), is: saved, of: fixture)
    }

    @Test(arguments: ModelFixture.names) func everyUpdate(_ name: String) throws {
      let fixture = try ModelFixture.named(name)
      for saved in fixture.checkpoints {
        let machine = try HDF5Model.load(ModelFixture.path(name), update: saved.checkpoint)
        try expect(machine, is: saved, of: fixture)
      }
    }

    @Test func anUpdateThatIsNotThere() throws {
      let error = #expect(throws: SzilardError.self) {
        try HDF5Model.load(ModelFixture.path("bbrbm"), update: 7)
      }
      #expect(error?.kind == .badData)
      #expect(error?.message.contains("update 7; it holds 1, 150") == true)
    }

    /// The same parameters in the oldest and the newest HDF5 format.
    @Test func formatsOfHDF5Agree() throws {
      let old = try ModelFile.load(ModelFixture.path("bbrbm_minimal"))
      #expect(try ModelFile.load(ModelFixture.path("bbrbm_new_format")) == old)
      #expect(try ModelFile.load(ModelFixture.path("bbrbm")) == old)
    }
  }
#endif
