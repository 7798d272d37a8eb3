internal import DataSets
internal import Foundation
public import Learning
public import NumericalCore

/// All that a run needs to go on: machine, optimiser, chains, ledger, probes, number of updates.
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
  /// Work and heat so far; nil where no ledger is kept.
  public var account: TrainingAccount?
  /// The reservoir of the chains, where the method has one.
  public var reservoir: SavedReservoir?

  /// The state of a trainer.
  public init(of trainer: Trainer, seconds: Double) {
    machine = trainer.machine
    optimizer = trainer.optimizer
    chains = trainer.chains
    update = trainer.update
    account = TrainingAccount(of: trainer)
    reservoir = SavedReservoir(of: trainer)
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
    file.tensors["chains"] = StoredArray(states: chains)
    account?.write(to: &file)
    reservoir?.write(to: &file)
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
    optimizer = Trainer.optimizer(for: machine, rule: rule)
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
    guard let stored = file.tensors["chains"]?.states(of: machine.visible) else {
      throw damaged("the chains are missing or of another width")
    }
    chains = stored
    do {
      account = try TrainingAccount(file, visible: machine.visible)
      reservoir = try SavedReservoir(file, like: machine)
    } catch {
      throw damaged(error.message)
    }
  }
}

extension Checkpoint {
  /// Hands ledger, probes and reservoir over to a trainer that goes on from here.
  func restore(to trainer: Trainer) throws(SzilardError) {
    try account?.restore(to: trainer)
    reservoir?.restore(to: trainer)
  }
}

extension StoredArray {
  /// States as a checkpoint keeps them: words of bits, colours, or reals.
  init(states: StateMatrix) {
    switch states {
    case .bits(let bits):
      self.init(
        (0..<bits.rows).flatMap { bits.words(ofRow: $0) }, shape: [bits.rows, bits.wordsPerRow])
    case .colours(let colours, _):
      self.init(colours.elements, shape: [colours.rows, colours.columns])
    case .reals(let reals): self.init(reals)
    }
  }

  /// The states of a layer; nil when the array is of another form.
  func states(of layer: Layer) -> StateMatrix? {
    guard shape.count == 2 else { return nil }
    switch layer.kind {
    case .bernoulli, .spin:
      guard let words, shape[1] == (layer.count + 63) / 64 else { return nil }
      var bits = BitMatrix(rows: shape[0], columns: layer.count)
      bits.withUnsafeMutablePointer { target in
        for k in words.indices { target[k] = words[k] }
      }
      return .bits(bits)
    case .potts(let count):
      guard type == .uint8, shape[1] == layer.count, bytes.allSatisfy({ Int($0) < count }) else {
        return nil
      }
      return .colours(
        Matrix(rows: shape[0], columns: layer.count, elements: bytes), count: count)
    case .gaussian:
      guard let matrix, matrix.columns == layer.count else { return nil }
      return .reals(matrix)
    }
  }
}
