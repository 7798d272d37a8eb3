public import ArgumentParser
internal import Foundation
internal import NumericalCore

/// The command `szilard`.
public struct SzilardCommand: ParsableCommand {
  /// Name, help and subcommands.
  public static let configuration = CommandConfiguration(
    commandName: "szilard",
    abstract: "Nonequilibrium thermodynamics of learning machines.",
    discussion: """
      Trains restricted Boltzmann machines, measures their likelihood with an interval, samples \
      them, and audits all that by the work and heat of the chains. DATA is a file (.npy .npz .csv .txt .h5 .idx .fasta, also .gz) or a generator such as \
      ising:size=16; MODEL is a run folder, .safetensors, .npz or .h5.
      Exit codes: 0 done, 2 unresolved or a check failed, 64 usage, 65 bad data, 66 cannot open or write, 70 internal.
      """,
    version: szilardVersion,
    subcommands: [
      TrainCommand.self, EvaluateCommand.self, SampleCommand.self, AuditCommand.self,
      SpectrumCommand.self, MeanFieldCommand.self, ClusterCommand.self, PhaseDiagramCommand.self,
      LearningDynamicsCommand.self, DiffusionCommand.self, SGDCommand.self, PosteriorCommand.self,
      EntropyProductionCommand.self, FreeEnergyCommand.self,
      ReproduceCommand.self,
      ConvertCommand.self, DataCommand.self, ReportCommand.self, InfoCommand.self,
      BenchmarkCommand.self,
    ])

  /// The command before parsing.
  public init() {}

  /// Parses the arguments, runs the command and ends the process.
  public static func runAndExit() -> Never {
    do {
      var command = try parseAsRoot()
      try command.run()
    } catch let error as SzilardError {
      Console.message("szilard: error: \(error.message)")
      Foundation.exit(error.kind.rawValue)
    } catch {
      exit(withError: error)
    }
    Foundation.exit(0)
  }
}

/// Ends a command whose result is unresolved.
let unresolvedExitCode = ExitCode(2)
