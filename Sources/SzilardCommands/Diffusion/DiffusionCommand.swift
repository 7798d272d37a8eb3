internal import ArgumentParser

/// The commands of diffusion models.
struct DiffusionCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "diffusion",
    abstract:
      "Train diffusion models, sample them, and measure likelihoods and entropy production.",
    subcommands: [
      DiffusionTrainCommand.self, DiffusionSampleCommand.self, DiffusionEvaluateCommand.self,
      DiffusionInpaintCommand.self, DiffusionDenoiseCommand.self, DiffusionReportCommand.self,
    ])
}
