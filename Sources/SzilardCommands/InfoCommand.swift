internal import ArgumentParser
internal import Foundation
internal import NumericalCore

/// The command that says what this build and this machine have.
///
/// `szilard info`
struct InfoCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "info", abstract: "Say what this build and this machine have.")

  @Flag(help: "Print as JSON.")
  var json = false

  @OptionGroup var compute: ComputeOptions

  struct Info: Encodable {
    let version: String
    let kernels: String
    let supportedKernels: [String]
    let blas: String
    let threads: Int
    let hdf5: Bool
    let gnuplot: String?
  }

  func run() throws {
    let workers = try compute.apply()
    let info = Info(
      version: szilardVersion, kernels: InstructionSet.current.description,
      supportedKernels: InstructionSet.supported.map(\.description),
      blas: LinearAlgebra.blasName, threads: workers.count, hdf5: InfoCommand.hasHDF5,
      gnuplot: InfoCommand.find("gnuplot"))
    if json { return try Console.json(info) }
    Console.output(
      """
      szilard \(info.version)
      kernels   \(info.kernels) (supported: \(info.supportedKernels.joined(separator: ", ")))
      blas      \(info.blas)
      threads   \(info.threads)
      hdf5      \(info.hdf5 ? "yes" : "no")
      gnuplot   \(info.gnuplot ?? "not found: figures are written as scripts and data only")
      """)
  }

  private static var hasHDF5: Bool {
    #if HDF5
      true
    #else
      false
    #endif
  }

  private static func find(_ program: String) -> String? {
    let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
    return folders.map { $0 + "/" + program }.map { String($0) }
      .first { FileManager.default.isExecutableFile(atPath: $0) }
  }
}
