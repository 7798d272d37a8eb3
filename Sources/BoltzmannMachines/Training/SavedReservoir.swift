internal import DataSets
internal import Foundation
internal import NumericalCore

/// What a checkpoint keeps of a ``TrajectoryReservoir``: the frozen machine, its samples, its ln Z.
public struct SavedReservoir: Sendable, Equatable {
  var machine: RestrictedBoltzmannMachine
  var samples: StateMatrix
  private var sums: Sums
  /// What updates that were taken back have left of the learning rate.
  var rateFactor: Double { sums.rateFactor }

  /// Single numbers, as text in the file.
  private struct Sums: Sendable, Equatable, Codable {
    var logPartitionFunction: Estimate
    var frozen: Int
    var acceptance: Double?
    var rateFactor: Double
  }

  /// The reservoir of a trainer; nil where it has none.
  init?(of trainer: Trainer) {
    guard let reservoir = trainer.reservoir else { return nil }
    machine = reservoir.machine
    samples = reservoir.samples
    sums = Sums(
      logPartitionFunction: reservoir.logPartitionFunction, frozen: reservoir.frozen,
      acceptance: trainer.exchangeAcceptance, rateFactor: trainer.rateFactor)
  }

  /// Hands the reservoir over to a trainer.
  func restore(to trainer: Trainer) {
    trainer.restore(
      reservoir: trainer.reservoir(
        machine: machine, samples: samples, logPartitionFunction: sums.logPartitionFunction,
        frozen: sums.frozen), acceptance: sums.acceptance, rateFactor: sums.rateFactor)
  }

  /// Adds the reservoir to a checkpoint.
  func write(to file: inout Safetensors) {
    file.tensors["reservoir.weights"] = StoredArray(machine.weights)
    file.tensors["reservoir.visible_biases"] = StoredArray(machine.visible.biases)
    file.tensors["reservoir.hidden_biases"] = StoredArray(machine.hidden.biases)
    file.tensors["reservoir.samples"] = StoredArray(states: samples)
    if let text = try? JSONEncoder().encode(sums) {
      file.metadata["reservoir"] = String(decoding: text, as: UTF8.self)
    }
  }

  /// Reads the reservoir of a checkpoint; nil where it has none.
  init?(_ file: Safetensors, like machine: RestrictedBoltzmannMachine) throws(SzilardError) {
    guard let text = file.metadata["reservoir"] else { return nil }
    guard let sums = try? JSONDecoder().decode(Sums.self, from: Data(text.utf8)),
      let weights = file.tensors["reservoir.weights"]?.matrix,
      weights.rows == machine.weights.rows, weights.columns == machine.weights.columns,
      let visible = file.tensors["reservoir.visible_biases"]?.floats,
      visible.count == machine.visible.size,
      let hidden = file.tensors["reservoir.hidden_biases"]?.floats,
      hidden.count == machine.hidden.size,
      let samples = file.tensors["reservoir.samples"]?.states(of: machine.visible)
    else { throw SzilardError(.badData, "the reservoir is incomplete") }
    self.sums = sums
    self.samples = samples
    self.machine = machine
    self.machine.weights = weights
    self.machine.visible.biases = visible
    self.machine.hidden.biases = hidden
  }
}
