internal import DataSets
internal import DiffusionModels
internal import Learning
internal import NumericalCore
internal import StochasticThermodynamics

/// The denoisers of pictures that entries train: residual convolutions on batches of the whole context.
struct PictureDenoiser {
  /// What is minimised; `flow` spends its weight on the large parts of a picture, `simple` on its grain.
  var loss = DiffusionLoss.simple
  /// Maps at full, half and quarter resolution.
  var maps = [16, 32, 64]
  /// Blocks at each.
  var blocks = [1, 1, 2]
  var updates: Int
  var batchSize = 128
  /// The step of quantised pixels; 0 for continuous ones.
  var quantum = 0.0

  func trained(
    on set: DataSet, context: ReproductionContext, progress: (Double) -> Void
  ) throws -> DiffusionModel {
    guard let shape = set.pictureShape else {
      throw SzilardError(.internalFault, "\(set.name): holds no pictures")
    }
    var description = DiffusionDescription(
      kind: .denoiser, schedule: ScheduleDescription(.cosine, steps: 1000),
      network: .convolution(
        ResidualConvolution(
          height: shape.height, width: shape.width, maps: maps, blocks: blocks)),
      variables: "continuous")
    description.loss = loss
    description.head = loss == .flow ? .velocity : .v
    description.path = loss == .flow ? "conditional-transport" : "cosine"
    description.quantum = quantum
    description.pictureShape = [shape.height, shape.width]
    var options = DiffusionTrainingOptions()
    options.updates = updates
    options.batchSize = batchSize
    options.averageDecay = updates > 2000 ? 0.999 : 0.99
    options.seed = context.seed
    return try DiffusionModel.trained(
      description, on: set, options: options, workers: context.workers
    ) {
      done, _ in progress(done)
    }
  }
}
