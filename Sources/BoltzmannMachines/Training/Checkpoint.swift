internal import DataSets
internal import Foundation
public import Learning
public import NumericalCore

/// All that a run needs to go on: machine, optimiser, chains, number of updates.
///
/// Streams and batches are not in it: they follow from the seed and the number of updates.
public struct Checkpoint: Sendable {
  /// The machine.
  public var machine: RestrictedBoltzmannMachine
  /// The optimiser with its memory.
  public var optimizer: Optimizer
  /// The visible states of the chains.
  public var chains: StateMatrix
  /// Updates done.
  public var update: Int
  /// Seconds of training so far.
  public var seconds: Double

  /// The state of a trainer.
  public init(of trainer: Trainer, seconds: Double) {
    machine = trainer.machine
    optimizer = trainer.optimizer
    chains = trainer.chains
    update = trainer.update
    self.seconds = seconds
  }

  /// Writes the checkpoint, whole or not at all.
  public func write(to path: String) throws(SzilardError) {
    var file = SafetensorsModel.encode(machine)
    for (slot, moments) in optimizer.firstMoments.enumerated() {
      file.tensors["optimizer.first.\(slot)"] = StoredArray(moments)
    }
    for (slot, moments) in optimizer.secondMoments.enumerated() {
      file.tensors["optimizer.second.\(slot)"] = StoredArray(moments)
    }
    switch chains {
    case .bits(let bits):
      file.tensors["chains"] = StoredArray(
        (0..<bits.rows).flatMap { bits.words(ofRow: $0) }, shape: [bits.rows, bits.wordsPerRow])
    case .colours(let colours, _):
      file.tensors["chains"] = StoredArray(
        colours.elements, shape: [colours.rows, colours.columns])
    case .reals(let reals): file.tensors["chains"] = StoredArray(reals)
    }
    file.metadata["update"] = String(update)
    file.metadata["optimizer_updates"] = String(optimizer.updates)
    file.metadata["seconds"] = String(seconds)
    try file.write(to: path)
  }

  /// Reads a checkpoint of a run with the given rule.
  public init(path: String, rule: OptimizationRule) throws(SzilardError) {
    let file = try Safetensors(path: path)
    func damaged(_ what: String) -> SzilardError {
      SzilardError(.badData, "\(path): not a checkpoint of this run: \(what)")
    }
    machine = try SafetensorsModel.decode(file, path: path)
    guard let update = file.metadata["update"].flatMap({ Int($0) }), update >= 0 else {
      throw damaged("the number of updates is missing")
    }
    self.update = update
    seconds = file.metadata["seconds"].flatMap { Double($0) } ?? 0
    optimizer = Optimizer(
      rule: rule,
      shapes: [
        (machine.weights.rows, machine.weights.columns), (1, machine.visible.size),
        (1, machine.hidden.size),
      ])
    optimizer.updates = file.metadata["optimizer_updates"].flatMap { Int($0) } ?? update
    func moments(
      _ name: String, like template: Matrix<Float>
    ) throws(SzilardError) -> Matrix<Float> {
      guard let matrix = file.tensors[name]?.matrix, matrix.rows == template.rows,
        matrix.columns == template.columns
      else { throw damaged("'\(name)' is missing or of another shape") }
      return matrix
    }
    for slot in optimizer.firstMoments.indices {
      optimizer.firstMoments[slot] = try moments(
        "optimizer.first.\(slot)", like: optimizer.firstMoments[slot])
    }
    for slot in optimizer.secondMoments.indices {
      optimizer.secondMoments[slot] = try moments(
        "optimizer.second.\(slot)", like: optimizer.secondMoments[slot])
    }
    guard let stored = file.tensors["chains"], stored.shape.count == 2 else {
      throw damaged("the chains are missing")
    }
    let rows = stored.shape[0]
    switch machine.visible.kind {
    case .bernoulli, .spin:
      guard let words = stored.words, stored.shape[1] == (machine.visible.count + 63) / 64 else {
        throw damaged("the chains are of another width")
      }
      var bits = BitMatrix(rows: rows, columns: machine.visible.count)
      bits.withUnsafeMutablePointer { target in
        for k in words.indices { target[k] = words[k] }
      }
      chains = .bits(bits)
    case .potts(let count):
      guard stored.type == .uint8, stored.shape[1] == machine.visible.count,
        stored.bytes.allSatisfy({ Int($0) < count })
      else { throw damaged("the chains are of another width") }
      chains = .colours(
        Matrix(rows: rows, columns: machine.visible.count, elements: stored.bytes), count: count)
    case .gaussian:
      guard let matrix = stored.matrix, matrix.columns == machine.visible.count else {
        throw damaged("the chains are of another width")
      }
      chains = .reals(matrix)
    }
  }
}
