internal import ArgumentParser
internal import Foundation
internal import NumericalCore
internal import StochasticThermodynamics

/// The command that estimates free energies from works or reduced potentials.
///
/// `szilard free-energy --forward FILE [--reverse FILE]`
struct FreeEnergyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "free-energy",
    abstract: "Estimate free energies from works or reduced potentials, with intervals.",
    discussion: """
      Works are in units of the temperature, done on the system in both directions. Exit code 2 when \
      the difference asked for (with potentials: that of any state) is unresolved.
      """)

  /// How ΔF is found.
  enum Method: String, ExpressibleByArgument, CaseIterable {
    case auto, exponential, bar, mbar, cumulant
  }

  @Option(help: "Works of forward trajectories: .npy, or text with one number a line.")
  var forward: String?

  @Option(help: "Works of reverse trajectories: .npy, or text with one number a line.")
  var reverse: String?

  @Option(help: "An .npz file with works w_F and perhaps w_R.")
  var works: String?

  @Option(help: "An .npz file with reduced potentials u_kn and counts N_k.")
  var potentials: String?

  @Option(help: "auto, exponential, bar, mbar or cumulant.")
  var method: Method = .auto

  @Flag(help: "Print the result as JSON.")
  var json = false

  func validate() throws {
    let sources = [forward, works, potentials].compactMap { $0 }
    guard sources.count == 1 else {
      throw ValidationError("give one of --forward, --works and --potentials")
    }
    if reverse != nil, forward == nil {
      throw ValidationError("--reverse goes with --forward")
    }
    if (potentials != nil) != (method == .mbar), method != .auto {
      throw ValidationError(
        "--method \(method.rawValue): mbar goes with --potentials, and only that")
    }
  }

  func run() throws {
    if let potentials { return try runStates(ReducedPotentials(path: potentials)) }
    let table: WorkTable
    if let works {
      table = try WorkTable(path: works)
    } else {
      table = try WorkTable(forwardPath: forward ?? "", reversePath: reverse)
    }
    try runWorks(table)
  }

  // MARK: Works

  struct Row: Encodable {
    let method: String
    let estimate: Estimate
    let overlap: Double?

    init(_ method: Method, _ difference: FreeEnergyDifference) {
      self.method = method.rawValue
      estimate = difference.estimate
      overlap = difference.overlap
    }
  }

  struct WorksResult: Encodable {
    let forward: Int
    let reverse: Int
    let freeEnergyDifference: Row
    /// ⟨W_F⟩ − ΔF, and ⟨W_R⟩ + ΔF where there are reverse works.
    let dissipatedWork: [Double]
    let others: [Row]
  }

  private func runWorks(_ table: WorkTable) throws {
    let hasReverse = !table.reverse.isEmpty
    var chosen = method
    if chosen == .auto { chosen = hasReverse ? .bar : .exponential }
    if chosen == .bar, !hasReverse {
      throw SzilardError(.usage, "--method bar: needs works of both directions; give --reverse")
    }
    let methods: [Method] =
      hasReverse ? [.bar, .exponential, .cumulant] : [.exponential, .cumulant]
    let rows = methods.map { Row($0, FreeEnergyCommand.difference($0, table)) }
    guard let primary = rows.first(where: { $0.method == chosen.rawValue }) else { return }
    func mean(_ works: [Double]) -> Double { works.reduce(0, +) / Double(works.count) }
    let value = primary.estimate.value
    let result = WorksResult(
      forward: table.forward.count, reverse: table.reverse.count, freeEnergyDifference: primary,
      dissipatedWork: [mean(table.forward) - value]
        + (hasReverse ? [mean(table.reverse) + value] : []),
      others: rows.filter { $0.method != primary.method })
    if json { try Console.json(result) } else { Console.output(FreeEnergyCommand.table(result)) }
    if !primary.estimate.isResolved { throw unresolvedExitCode }
  }

  private static func difference(_ method: Method, _ table: WorkTable) -> FreeEnergyDifference {
    switch method {
    case .bar:
      BennettAcceptanceRatio.freeEnergyDifference(forward: table.forward, reverse: table.reverse)
    case .cumulant where !table.reverse.isEmpty:
      SecondCumulant.freeEnergyDifference(forward: table.forward, reverse: table.reverse)
    case .cumulant: SecondCumulant.freeEnergyDifference(works: table.forward)
    default: ExponentialAverage.freeEnergyDifference(works: table.forward)
    }
  }

  private static let heading =
    "method           value (kT)  95 % interval           samples  overlap  verdict"

  private static func line(_ name: String, _ estimate: Estimate, _ overlap: Double?) -> String {
    func padded(_ text: String, _ width: Int) -> String {
      text.padding(toLength: max(width, text.count), withPad: " ", startingAt: 0)
    }
    let interval =
      "[\(Console.number(estimate.interval.lowerBound, digits: 4)), "
      + "\(Console.number(estimate.interval.upperBound, digits: 4))]"
    var verdict = "resolved"
    if case .unresolved(let reason) = estimate.verdict { verdict = "UNRESOLVED: \(reason)" }
    return [
      padded(name, 16), padded(Console.number(estimate.value, digits: 4), 11),
      padded(interval, 23), padded(Console.number(estimate.effectiveSampleSize, digits: 1), 8),
      padded(overlap.map { Console.number($0) } ?? "-", 8), verdict,
    ].joined(separator: " ")
  }

  private static func table(_ result: WorksResult) -> String {
    var lines = [heading]
    for row in [result.freeEnergyDifference] + result.others {
      lines.append(line(row.method, row.estimate, row.overlap))
    }
    let dissipated = result.dissipatedWork.map { Console.number($0, digits: 4) }
    lines.append(
      "dissipated work \(dissipated.joined(separator: " forward, "))"
        + (dissipated.count > 1 ? " reverse" : "")
        + "; \(result.forward) forward and \(result.reverse) reverse trajectories")
    return lines.joined(separator: "\n")
  }

  // MARK: States

  struct StatesResult: Encodable {
    let counts: [Int]
    let freeEnergies: [FreeEnergyDifference]
    let overlap: Double
    let overlapMatrix: [[Double]]
    let effectiveSampleSizes: [Double]
    let converged: Bool
  }

  private func runStates(_ input: ReducedPotentials) throws {
    let mbar = try MultistateBennettAcceptanceRatio(
      reducedPotentials: input.potentials, counts: input.counts)
    let result = StatesResult(
      counts: input.counts, freeEnergies: mbar.freeEnergies, overlap: mbar.overlap,
      overlapMatrix: (0..<mbar.overlapMatrix.rows).map { mbar.overlapMatrix.row($0) },
      effectiveSampleSizes: mbar.effectiveSampleSizes, converged: mbar.converged)
    if json {
      try Console.json(result)
    } else {
      var lines = [FreeEnergyCommand.heading]
      for (state, difference) in mbar.freeEnergies.enumerated() {
        lines.append(
          FreeEnergyCommand.line("state \(state + 1)", difference.estimate, difference.overlap))
      }
      Console.output(lines.joined(separator: "\n"))
    }
    if !mbar.freeEnergies.allSatisfy(\.isResolved) { throw unresolvedExitCode }
  }
}
