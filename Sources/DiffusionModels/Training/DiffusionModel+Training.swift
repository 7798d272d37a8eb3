public import DataSets
internal import Learning
public import NumericalCore

extension DiffusionModel {
  /// A model trained on data, without a run folder.
  ///
  /// - Parameters:
  ///   - description: What is trained; shift and scale of continuous data are measured when missing.
  ///   - set: The data.
  ///   - options: How it is trained.
  ///   - workers: The threads; the model does not depend on their number.
  ///   - progress: Told how far it is, from 0 to 1, and the loss of the update.
  /// - Throws: `badData` when the data do not fit the description or the training diverges.
  public static func trained(
    _ description: DiffusionDescription, on set: DataSet, options: DiffusionTrainingOptions,
    workers: Workers, progress: (Double, Double) -> Void = { _, _ in }
  ) throws -> DiffusionModel {
    var description = description
    if description.kind != .categorical, description.scale == nil,
      case .reals(let samples) = set.values
    {
      let data = try GaussianData(measuring: samples, quantum: description.quantum ?? 0)
      description.shift = data.shift
      description.scale = data.scale
      description.quantum = data.quantum
    }
    let trainer = try DiffusionTrainer(
      objective: try description.objective(set),
      evaluator: NetworkEvaluator(description.network.network, workers: workers),
      options: options)
    while trainer.update < options.updates {
      let loss = try trainer.step()
      progress(Double(trainer.update) / Double(options.updates), loss)
    }
    description.learnedPath = trainer.learnedPath
    return DiffusionModel(
      description: description, parameters: trainer.average.parameters, workers: workers)
  }
}
