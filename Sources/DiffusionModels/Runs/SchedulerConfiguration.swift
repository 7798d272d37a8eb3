internal import Foundation
internal import Learning
internal import NumericalCore

/// `scheduler_config.json`: the chain of a denoiser as the programs of the diffusers family read it.
///
/// Rates are given one by one (`trained_betas`), so that any schedule can be said. Their step k is t = k + 1 here,
/// their samples are in the model's scaled coordinates.
struct SchedulerConfiguration: Encodable {
  private let rates: [Double]
  private let prediction: String
  private let hasLearnedWidths: Bool

  /// The configuration of a denoiser whose output has a name there: noise, data or v.
  init?(_ description: DiffusionDescription) throws(SzilardError) {
    let names: [NetworkHead: String] = [.noise: "epsilon", .data: "sample", .v: "v_prediction"]
    guard description.kind == .denoiser, let head = description.head, let name = names[head] else {
      return nil
    }
    hasLearnedWidths = description.loss == .hybrid
    rates = try description.schedule.schedule().rates
    prediction = name
  }

  private enum CodingKeys: String, CodingKey {
    case className = "_class_name"
    case trainSteps = "num_train_timesteps"
    case rates = "trained_betas"
    case prediction = "prediction_type"
    case variance = "variance_type"
    case clips = "clip_sample"
    case spacing = "timestep_spacing"
  }

  func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: CodingKeys.self)
    try values.encode("DDPMScheduler", forKey: .className)
    try values.encode(rates.count, forKey: .trainSteps)
    try values.encode(rates, forKey: .rates)
    try values.encode(prediction, forKey: .prediction)
    try values.encode(
      hasLearnedWidths ? "learned_range" : "fixed_small", forKey: .variance)
    try values.encode(false, forKey: .clips)
    try values.encode("leading", forKey: .spacing)
  }
}
