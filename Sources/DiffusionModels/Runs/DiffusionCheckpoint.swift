internal import DataSets
internal import Foundation
internal import Learning
internal import NumericalCore

/// All that a run needs to go on: parameters, their average, Adam's memory, the number of updates.
///
/// Streams and batches are not in it: they follow from the seed and the number of updates.
enum DiffusionCheckpoint {
  static func write(
    _ trainer: DiffusionTrainer, description: DiffusionDescription, seconds: Double, to path: String
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
    file.metadata["seconds"] = String(seconds)
    try file.write(to: path)
  }

  /// Puts a trainer where the checkpoint was taken; returns the seconds until then.
  static func restore(_ trainer: DiffusionTrainer, from path: String) throws(SzilardError) -> Double
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
      update: update)
    return file.metadata["seconds"].flatMap { Double($0) } ?? 0
  }
}
