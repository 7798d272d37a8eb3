public import NumericalCore
public import SpectralTheory

/// The modes of a machine along its training: when they leave the noise, where to, how fast they turn.
///
/// Checkpoints are added one by one, oldest first, so that only the leading modes of each are held.
public struct TrainingSpectrum: Sendable {
  /// The spectrum at a checkpoint.
  public struct Point: Sendable {
    /// Updates done.
    public let update: Int
    /// The spectrum, with the vectors of the leading modes.
    public let spectrum: MachineSpectrum
    /// |uᵅ·e^β| of leading modes and principal components of the data; nil without data.
    public let overlaps: Matrix<Double>?
  }

  /// How the leading modes moved from one checkpoint to the next, an update, and how they should have.
  public struct Motion: Sendable {
    /// Updates at the earlier checkpoint.
    public let from: Int
    /// Updates at the later one.
    public let to: Int
    /// What was measured.
    public let measured: ModeDisplacement
    /// What the gradients at the two checkpoints say, the mean of both; nil where they are not known.
    public let predicted: ModeVelocities?

    /// Pearson's correlation of the predicted rates with the measured ones, for modes that were followed;
    /// nil for fewer than three numbers.
    ///
    /// - Parameter rates: dw/dt, or the rotations (both sides) above the diagonal.
    public func agreement(of rates: Rates) -> Double? {
      let pairs = points(of: rates)
      guard pairs.count > 2 else { return nil }
      return TwoPointStatistics.correlationCoefficient(
        pairs.map(\.predicted), pairs.map(\.measured))
    }

    /// Predicted and measured rates of the modes that were followed.
    public func points(of rates: Rates) -> [(predicted: Double, measured: Double)] {
      guard let predicted else { return [] }
      let followed = measured.isFollowed.indices.filter { measured.isFollowed[$0] }
      switch rates {
      case .values: return followed.map { (predicted.values[$0], measured.values[$0]) }
      case .left, .right:
        let (p, m) =
          rates == .left
          ? (predicted.leftRotation, measured.leftRotation)
          : (predicted.rightRotation, measured.rightRotation)
        return followed.flatMap { a in
          followed.filter { $0 > a }.map { (p[a, $0], m[a, $0]) }
        }
      }
    }
  }

  /// Which rates are meant.
  public enum Rates: String, Sendable, CaseIterable {
    /// dwₐ/dt.
    case values
    /// Ωᵘ.
    case left
    /// Ωᵛ.
    case right
  }

  /// The training data, and what follows from them.
  public struct TrainingData: Sendable {
    /// All samples.
    public let states: StateMatrix
    /// Their weights, or nil.
    public let weights: [Double]?
    /// The options of the run.
    public let options: TrainingOptions

    /// Samples of a run.
    public init(states: StateMatrix, weights: [Double]?, options: TrainingOptions) {
      self.states = states
      self.weights = weights
      self.options = options
    }
  }

  /// Leading modes that are followed.
  public let kept: Int
  /// The principal components of the data; nil without data.
  public let components: PrincipalComponents?
  /// The spectra, oldest first.
  public private(set) var points: [Point] = []
  /// The motions between them, one fewer.
  public private(set) var motions: [Motion] = []

  private let data: TrainingData?
  private let workers: Workers
  private var velocity: Matrix<Double>?

  /// An empty series.
  ///
  /// - Parameters:
  ///   - kept: Leading modes that are followed.
  ///   - components: The principal components of the data, for overlaps.
  ///   - data: The data and options of the run, for the theory's rates; nil to leave these out.
  public init(
    keeping kept: Int, components: PrincipalComponents?, data: TrainingData?, workers: Workers
  ) {
    self.kept = kept
    self.components = components
    self.data = data
    self.workers = workers
  }

  /// Adds the next checkpoint.
  ///
  /// - Throws: ``SzilardError`` of kind `badData` for weights that are no numbers.
  /// - Complexity: O(m n min(m, n)), and O(samples · m n) for the theory's rates.
  public mutating func append(_ checkpoint: Checkpoint) throws(SzilardError) {
    let spectrum = try MachineSpectrum(of: checkpoint.machine, keeping: kept)
    let overlaps = components.flatMap { components -> Matrix<Double>? in
      guard components.vectors.columns == spectrum.modes.left.columns else { return nil }
      return components.overlaps(with: spectrum.modes.left, components: kept)
    }
    let point = Point(update: checkpoint.update, spectrum: spectrum, overlaps: overlaps)
    let next = data.flatMap {
      checkpoint.weightVelocity(
        data: $0.states, weights: $0.weights, options: $0.options, workers: workers)
    }
    if let last = points.last, last.update < point.update {
      motions.append(motion(from: last, to: point, next: next))
    }
    points.append(point)
    velocity = next
  }

  private func motion(from last: Point, to point: Point, next: Matrix<Double>?) -> Motion {
    let earlier = last.spectrum.modes
    let measured = ModeDisplacement(
      from: earlier, to: point.spectrum.modes, duration: Double(point.update - last.update))
    var predicted: ModeVelocities?
    if let velocity, let next {
      let before = ModeVelocities(of: earlier, change: velocity)
      let after = ModeVelocities(of: measured.matched, change: next)
      predicted = before
      predicted?.values = zip(before.values, after.values).map { ($0 + $1) / 2 }
      predicted?.leftRotation = mean(before.leftRotation, after.leftRotation)
      predicted?.rightRotation = mean(before.rightRotation, after.rightRotation)
    }
    return Motion(from: last.update, to: point.update, measured: measured, predicted: predicted)
  }

  private func mean(_ a: Matrix<Double>, _ b: Matrix<Double>) -> Matrix<Double> {
    LinearAlgebra.sum(a, b).map { $0 / 2 }
  }
}
