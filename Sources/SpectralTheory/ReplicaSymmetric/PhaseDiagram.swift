internal import Foundation
public import NumericalCore

/// The phases of a machine with one mode in the plane of x = 1/σ and y = w/σ.
///
/// The axes are those of Decelle, Fissore and Furtlehner 2018, figure of the phase diagram: to the
/// right the noise falls, upwards the mode grows against it.
public struct PhaseDiagram: Sendable {
  /// One axis of the plane.
  public struct Axis: Sendable, Equatable, Codable {
    /// Where it begins; positive where it is logarithmic.
    public var low: Double
    /// Where it ends.
    public var high: Double
    /// Whether equal lengths are equal factors.
    public var isLogarithmic: Bool

    /// An axis.
    public init(_ low: Double, _ high: Double, isLogarithmic: Bool = false) {
      precondition(low < high && low >= 0 && (!isLogarithmic || low > 0), "from \(low) to \(high)")
      self.low = low
      self.high = high
      self.isLogarithmic = isLogarithmic
    }

    /// The value at a fraction of the length.
    public func value(at fraction: Double) -> Double {
      isLogarithmic ? low * pow(high / low, fraction) : low + (high - low) * fraction
    }

    /// The middles of `count` equal cells.
    public func centres(_ count: Int) -> [Double] {
      (0..<count).map { value(at: (Double($0) + 0.5) / Double(count)) }
    }
  }

  /// A line between two phases.
  public struct Boundary: Sendable, Equatable, Codable {
    /// What it parts.
    public enum Kind: String, Sendable, Codable, CaseIterable {
      /// w = 1.
      case paramagnetFerromagnet = "paramagnet-ferromagnet"
      /// σ = 1.
      case paramagnetSpinGlass = "paramagnet-spin-glass"
      /// w²(1 − q)(1 − q̄) = 1.
      case spinGlassFerromagnet = "spin-glass-ferromagnet"
      /// The line of de Almeida and Thouless.
      case deAlmeidaThouless = "de-almeida-thouless"
    }
    /// What it parts.
    public var kind: Kind
    /// 1/σ along it.
    public var x: [Double]
    /// w/σ along it.
    public var y: [Double]
  }

  /// The law of the components.
  public let components: ComponentLaw
  /// κ = N_h / N_v.
  public let aspectRatio: Double
  /// The axis of 1/σ.
  public let xAxis: Axis
  /// The axis of w/σ.
  public let yAxis: Axis
  /// The middles of the cells along x.
  public let x: [Double]
  /// The middles of the cells along y.
  public let y: [Double]
  /// The phase at (x[column], y[row]), row by row from below.
  public let phases: [[ReplicaSymmetricState.Phase]]
  /// Cells whose state did not converge; their phase is that of the last pass.
  public let unconvergedCells: Int
  /// The lines between the phases, as far as the axis of x; they may leave that of y.
  public let boundaries: [Boundary]

  /// The diagram for a law and a shape on a square grid of cells.
  ///
  /// Each cell is the dominant state of ``ReplicaSymmetricSolver`` at its middle; lines are found
  /// separately, by ``PhaseBoundaries``. The result does not depend on the number of threads.
  public init(
    components: ComponentLaw = .gaussian, aspectRatio: Double = 1, xAxis: Axis = Axis(0, 2),
    yAxis: Axis = Axis(0, 3), resolution: Int = 100, workers: Workers = Workers()
  ) {
    precondition(resolution > 0, "a resolution of \(resolution)")
    self.components = components
    self.aspectRatio = aspectRatio
    self.xAxis = xAxis
    self.yAxis = yAxis
    let lines = PhaseBoundaries(components: components, aspectRatio: aspectRatio)
    let (x, y) = (xAxis.centres(resolution), yAxis.centres(resolution))
    LinearAlgebra.useOneThread()
    let rows = workers.map(resolution) { row in
      let solver = ReplicaSymmetricSolver()
      return x.map { x in
        let noise = 1 / x
        let state = solver.states(of: lines.ensemble(strength: y[row] * noise, noise: noise))[0]
        return (phase: state.phase, isConverged: state.isConverged)
      }
    }
    phases = rows.map { $0.map(\.phase) }
    unconvergedCells = rows.reduce(0) { $0 + $1.count { !$0.isConverged } }
    self.x = x
    self.y = y
    boundaries = PhaseDiagram.boundaries(lines, xAxis, yAxis, workers)
  }

  /// Points of a boundary that bends.
  private static let points = 60

  private static func boundaries(
    _ lines: PhaseBoundaries, _ xAxis: Axis, _ yAxis: Axis, _ workers: Workers
  ) -> [Boundary] {
    let straight: [Boundary] = [
      Boundary(
        kind: .paramagnetFerromagnet,
        x: [max(1, xAxis.low), max(1, xAxis.high)], y: [max(1, xAxis.low), max(1, xAxis.high)]),
      Boundary(
        kind: .paramagnetSpinGlass, x: [1, 1], y: [min(yAxis.low, 1), 1]),
    ]
    // Noise from 1 up: both lines begin where the three phases meet, at x = y = 1.
    let left = Axis(
      max(xAxis.low, 0.005), max(1, xAxis.low * 1.001), isLogarithmic: xAxis.isLogarithmic)
    let xs = (0...points).map { left.value(at: Double($0) / Double(points)) }
    let bent = [Boundary.Kind.spinGlassFerromagnet, .deAlmeidaThouless].map { kind in
      let values = workers.map(xs.count) { index -> Double? in
        let noise = 1 / xs[index]
        guard kind == .deAlmeidaThouless else { return lines.ferromagneticStrength(noise: noise) }
        return noise > 1 ? lines.deAlmeidaThoulessStrength(noise: noise) : 1
      }
      // Points that were not found are left out.
      let found = zip(xs, values).compactMap { x, value in value.map { (x: x, y: $0 * x) } }
      return Boundary(kind: kind, x: found.map(\.x), y: found.map(\.y))
    }
    return (straight + bent).filter {
      $0.x.count > 1 && ($0.x.first != $0.x.last || $0.y.first != $0.y.last)
    }
  }
}
