internal import DataSets
internal import Foundation
internal import Learning
internal import NumericalCore

/// All that a run needs to go on: parameters, their average, Adam's memory, the number of updates.
///
/// Streams and batches are not in it: they follow from the seed and the number of updates.
enum DiffusionCheckpoint {
  /// What a run knows beside its trainer.
  struct State {
    /// Seconds of training.
    var seconds = 0.0
    /// The sum of the losses since the last record.
    var lossSum = 0.0
    /// Their number.
    var lossCount = 0
  }

  static func write(
    _ trainer: DiffusionTrainer, description: DiffusionDescription, state: State, to path: String
  ) throws(SzilardError) {
    var file = try DiffusionModel.file(description, trainer.average.parameters)
    trainer.parameters.write(to: &file, prefix: "current.")
    for (name, moments) in zip(trainer.parameters.names, trainer.optimizer.firstMoments) {
      file.tensors["optimizer.first." + name] = StoredArray(moments)
    }
    for (name, moments) in zip(trainer.parameters.names, trainer.optimizer.secondMoments) {
      file.tensors["optimizer.second." + name] = StoredArray(moments)
    }
    file.metadata["update"] = String(trainer.update)
    file.metadata["seconds"] = String(state.seconds)
    file.metadata["lossSum"] = String(state.lossSum)
    file.metadata["lossCount"] = String(state.lossCount)
    try file.write(to: path)
  }

  /// Puts a trainer where the checkpoint was taken; returns what the run knew then.
  static func restore(_ trainer: DiffusionTrainer, from path: String) throws(SzilardError) -> State
  {
    let file = try Safetensors(path: path)
    guard let update = file.metadata["update"].flatMap({ Int($0) }), update >= 0 else {
      throw SzilardError(
        .badData, "\(path): is not a checkpoint: the number of updates is missing")
    }
    var average = trainer.parameters
    try average.replace(from: file, prefix: "", path: path)
    var current = trainer.parameters
    try current.replace(from: file, prefix: "current.", path: path)
    var (first, second) = (current, current)
    try first.replace(from: file, prefix: "optimizer.first.", path: path)
    try second.replace(from: file, prefix: "optimizer.second.", path: path)
    trainer.restore(
      parameters: current, average: average, first: first.tensors, second: second.tensors,
      update: update,
      learnedPath: try DiffusionModel.description(of: file, path: path).learnedPath)
    func number(_ name: String) -> Double { file.metadata[name].flatMap { Double($0) } ?? 0 }
    return State(
      seconds: number("seconds"), lossSum: number("lossSum"), lossCount: Int(number("lossCount")))
  }
}
