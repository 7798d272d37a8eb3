internal import ArgumentParser
internal import BoltzmannMachines
internal import DataSets
internal import Foundation
internal import NumericalCore
internal import Reporting
internal import SpectralTheory

/// The command `szilard phase-diagram`.
struct PhaseDiagramCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "phase-diagram",
    abstract: "Phases of a machine with random weights, and where a training lies among them.",
    discussion: """
      The machine has ±1 units, a mode of strength w and noise of size σ. Without --weight the plane of \
      1/σ and w/σ is drawn, and with --run the path of a training through it. With --weight and --noise \
      the states at one point are printed; several --weight are several modes.
      Exit code 2 when a state did not converge.
      """)

  @Option(
    help:
      "The law of the modes' components: gaussian, laplace or sign (default: gaussian; with --run the one with the nearest kurtosis)."
  )
  var components: String?

  private var law: ComponentLaw? { components.flatMap(ComponentLaw.init) }

  @Option(help: "N_h/N_v (default: 1; with --run that of the machine).")
  var kappa: Double?

  @Option(help: "Cells of the grid along each axis.")
  var resolution = 100

  @Option(
    name: .customLong("run"), help: "A run folder, whose checkpoints are shown in the diagram.")
  var runFolder: String?

  @Option(
    help:
      "The folder for the figure and phase-diagram.html (default: phase-diagram, in the run if one is given)."
  )
  var output: String?

  @Option(help: "The strength w of a mode, for the states at one point; may be repeated.")
  var weight: [Double] = []

  @Option(help: "The noise σ, for the states at one point.")
  var noise: Double?

  @Option(help: "The visible field along each mode; as often as --weight, or not at all.")
  var visibleField: [Double] = []

  @Option(help: "The hidden field along each mode; as often as --weight, or not at all.")
  var hiddenField: [Double] = []

  @OptionGroup var compute: ComputeOptions

  @Flag(help: "Print the result as JSON.")
  var json = false

  func validate() throws {
    if let kappa, !(kappa >= 1e-4 && kappa <= 1e4) {
      throw ValidationError("--kappa \(kappa): give a number from 0.0001 to 10000")
    }
    if let components, law == nil {
      throw ValidationError("--components \(components): give gaussian, laplace or sign")
    }
    guard resolution >= 2, resolution <= 1000 else {
      throw ValidationError("--resolution \(resolution): give a number from 2 to 1000")
    }
    for value in weight where !(value >= 0 && value <= 1e6) {
      throw ValidationError("--weight \(value): give a number from 0 to 1000000")
    }
    if let noise, !(noise >= 0 && noise <= 1e6) {
      throw ValidationError("--noise \(noise): give a number from 0 to 1000000")
    }
    let modes = law == .laplace ? 2 : 3
    guard weight.count <= modes else {
      throw ValidationError("--weight: at most \(modes) modes, \(weight.count) are given")
    }
    guard weight.isEmpty == (noise == nil) else {
      throw ValidationError("--weight and --noise belong together: give both or neither")
    }
    for (name, fields) in [("--visible-field", visibleField), ("--hidden-field", hiddenField)] {
      guard fields.isEmpty || fields.count == weight.count else {
        throw ValidationError("\(name): give one for each --weight (\(weight.count))")
      }
      guard fields.allSatisfy({ abs($0) <= 1e6 }) else {
        throw ValidationError("\(name): give finite numbers")
      }
    }
    if !weight.isEmpty, runFolder != nil || output != nil {
      throw ValidationError(
        "\(runFolder != nil ? "--run" : "--output"): does not go with --weight, which draws nothing"
      )
    }
  }

  mutating func run() throws {
    let workers = try compute.apply()
    if let noise { return try printStates(noise: noise) }
    var trajectory: [PhasePoint] = []
    var notes: [String] = []
    var ratio = kappa ?? 1
    if let runFolder {
      (trajectory, ratio) = try points(of: runFolder)
      if let kappa { ratio = kappa }
    }
    var law = self.law ?? .gaussian
    if components == nil, let last = trajectory.last {
      law = last.nearestComponents
      notes.append(
        "The components are taken as \(law.rawValue), the law with the nearest kurtosis: the largest mode has "
          + "\(Console.number(last.visibleKurtosis, digits: 1)) on the visible and "
          + "\(Console.number(last.hiddenKurtosis, digits: 1)) on the hidden units.")
    }
    let noNoise = trajectory.count { !$0.bulkIsNoise }
    if noNoise > 0 {
      notes.append(
        "At \(noNoise) of \(trajectory.count) checkpoints the bulk of the spectrum does not follow the law of "
          + "noise: σ is then only the width of the bulk.")
    }
    if trajectory.contains(where: { $0.strength == nil }) {
      notes.append(
        "Where no mode stands out of the noise, the point is drawn at w = σ, its upper limit.")
    }
    let line = UncheckedSendable(ProgressLine())
    line.value.show("\(resolution) × \(resolution) states", always: true)
    let axes = PhaseDiagramCommand.axes(trajectory)
    let diagram = PhaseDiagram(
      components: law, aspectRatio: ratio, xAxis: axes.x, yAxis: axes.y, resolution: resolution,
      workers: workers)
    line.value.finish()
    let folder = output ?? runFolder.map { $0 + "/phase-diagram" } ?? "phase-diagram"
    let written = try PhaseDiagramPage(diagram: diagram, trajectory: trajectory, notes: notes)
      .write(to: folder)
    for note in written.notes { Console.message(note) }
    if json {
      try Console.json(Diagram(diagram, trajectory, page: written.page))
    } else {
      for point in trajectory {
        Console.output(
          "update \(point.update): σ \(Console.number(point.noise, digits: 4)), w "
            + (point.strength.map { Console.number($0, digits: 4) } ?? "at most σ")
            + ", 1/σ \(Console.number(point.x)), w/σ \(Console.number(point.y))")
      }
      Console.output("page: \(written.page)")
    }
    if diagram.unconvergedCells > 0 {
      Console.message("\(diagram.unconvergedCells) cells did not converge")
      throw unresolvedExitCode
    }
  }

  /// The checkpoints of a run in the plane, and its N_h/N_v.
  private func points(of path: String) throws -> ([PhasePoint], Double) {
    let folder = try RunFolder(existing: path)
    let updates = folder.checkpoints
    guard !updates.isEmpty else {
      throw SzilardError(.badData, "\(path): the run has no checkpoint yet; wait for one")
    }
    let line = ProgressLine()
    var result: [PhasePoint] = []
    var ratio = 1.0
    for update in updates {
      line.show("checkpoint of update \(update)")
      let file = folder.checkpointFile(update: update)
      let machine = try ModelFile.load(file)
      ratio = Double(machine.hidden.count) / Double(machine.visible.count)
      do {
        result.append(try PhasePoint(of: machine, update: update))
      } catch {
        throw SzilardError(error.kind, "\(file): \(error.message)")
      }
    }
    line.finish()
    return (result, ratio)
  }

  /// The plane of the paper, or the decades that a training crosses; at most to 10⁵, beyond which points
  /// are drawn at the border.
  private static func axes(
    _ points: [PhasePoint]
  ) -> (x: PhaseDiagram.Axis, y: PhaseDiagram.Axis) {
    guard let right = points.map(\.x).max(), let top = points.map(\.y).max(),
      let left = points.map(\.x).min(), let bottom = points.map(\.y).min()
    else { return (PhaseDiagram.Axis(0, 2), PhaseDiagram.Axis(0, 3)) }
    func axis(_ low: Double, _ high: Double) -> PhaseDiagram.Axis {
      PhaseDiagram.Axis(
        max(1e-3, min(0.3, low / 1.5)), min(1e5, max(5, high * 2)), isLogarithmic: true)
    }
    return (axis(left, right), axis(bottom, top))
  }

  private func printStates(noise: Double) throws {
    let ensemble = WeightEnsemble(
      strengths: weight, noise: noise, aspectRatio: kappa ?? 1,
      components: law ?? .gaussian, visibleFields: visibleField, hiddenFields: hiddenField)
    let states = ReplicaSymmetricSolver().states(of: ensemble)
    if json {
      try Console.json(Point(ensemble, states))
    } else {
      for (number, state) in states.enumerated() {
        let p = state.parameters
        func list(_ values: [Double]) -> String {
          values.map { Console.number($0, digits: 6) }.joined(separator: ", ")
        }
        Console.output(
          """
          \(number == 0 ? "dominant: " : "")\(state.phase.rawValue), \(state.isStable ? "stable" : "unstable")
            m \(list(p.visible))   m̄ \(list(p.hidden))
            q \(list([p.visibleOverlap]))   q̄ \(list([p.hiddenOverlap]))
            ln Z / L \(list([state.logPartitionFunction]))   de Almeida–Thouless \(list([state.deAlmeidaThouless])) (below 1 where replica symmetry holds)
            growth of deviations \(list([state.growth]))   residual \(String(format: "%.1e", state.residual))\(state.isConverged ? "" : ", NOT converged")
          """)
      }
    }
    if states.first?.isConverged != true { throw unresolvedExitCode }
  }

  /// The JSON of one point.
  struct Point: Encodable {
    struct State: Encodable {
      let phase: ReplicaSymmetricState.Phase
      let visibleMagnetisations, hiddenMagnetisations: [Double]
      let visibleOverlap, hiddenOverlap: Double
      let logPartitionFunction, deAlmeidaThouless, growth, residual: Double
      let isStable, isReplicaSymmetric, isConverged: Bool
      let iterations: Int
    }
    let components: ComponentLaw
    let kappa: Double
    let strengths: [Double]
    let noise: Double
    let visibleFields, hiddenFields: [Double]
    let states: [State]

    init(_ ensemble: WeightEnsemble, _ states: [ReplicaSymmetricState]) {
      components = ensemble.components
      kappa = ensemble.aspectRatio
      strengths = ensemble.strengths
      noise = ensemble.noise
      visibleFields = ensemble.visibleFields
      hiddenFields = ensemble.hiddenFields
      self.states = states.map {
        State(
          phase: $0.phase, visibleMagnetisations: $0.parameters.visible,
          hiddenMagnetisations: $0.parameters.hidden,
          visibleOverlap: $0.parameters.visibleOverlap,
          hiddenOverlap: $0.parameters.hiddenOverlap,
          logPartitionFunction: $0.logPartitionFunction,
          deAlmeidaThouless: $0.deAlmeidaThouless, growth: $0.growth, residual: $0.residual,
          isStable: $0.isStable, isReplicaSymmetric: $0.isReplicaSymmetric,
          isConverged: $0.isConverged, iterations: $0.iterations)
      }
    }
  }

  /// The JSON of a diagram.
  struct Diagram: Encodable {
    struct Place: Encodable {
      let x, y: Double
      let point: PhasePoint
      private enum Key: String, CodingKey { case x, y }
      func encode(to encoder: any Encoder) throws {
        try point.encode(to: encoder)
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(x, forKey: .x)
        try container.encode(y, forKey: .y)
      }
    }
    let components: ComponentLaw
    let kurtosis: Double
    let composition: ModeComposition.Kind
    let kappa: Double
    let xAxis, yAxis: PhaseDiagram.Axis
    let x, y: [Double]
    let phases: [[ReplicaSymmetricState.Phase]]
    let unconvergedCells: Int
    let boundaries: [PhaseDiagram.Boundary]
    let trajectory: [Place]
    let page: String

    init(_ diagram: PhaseDiagram, _ trajectory: [PhasePoint], page: String) {
      components = diagram.components
      kurtosis = diagram.components.kurtosis
      composition = ModeComposition.rule(kurtosis: diagram.components.kurtosis)
      kappa = diagram.aspectRatio
      xAxis = diagram.xAxis
      yAxis = diagram.yAxis
      x = diagram.x
      y = diagram.y
      phases = diagram.phases
      unconvergedCells = diagram.unconvergedCells
      boundaries = diagram.boundaries
      self.trajectory = trajectory.map { Place(x: $0.x, y: $0.y, point: $0) }
      self.page = page
    }
  }
}
