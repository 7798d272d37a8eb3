public import DataSets
internal import Learning
public import NumericalCore

/// What a diffusion model is: process, network, and the meaning of the network's output.
///
/// Stored in `run.json` and, as JSON, in the metadata of every model file, so that a model file says
/// what it holds.
public struct DiffusionDescription: Sendable, Equatable, Codable {
  /// What is modelled.
  public enum Kind: String, Sendable, Codable, CaseIterable {
    /// The mean and variance of each reverse step of a Gaussian chain (Sohl-Dickstein et al. 2015).
    case reverseKernel = "reverse-kernel"
    /// What stands behind a noisy state of any level.
    case denoiser
    /// The data behind a noisy discrete state.
    case categorical
  }

  /// The noise of discrete data.
  public enum Noise: String, Sendable, Codable, CaseIterable {
    /// A site is drawn anew from the stationary law.
    case uniform
    /// A site is lost: it takes a symbol of its own and keeps it.
    case absorbing
  }

  /// What is modelled.
  public var kind: Kind
  /// The chain: of the training, or that on which a denoiser is evaluated.
  public var schedule: ScheduleDescription
  /// The network.
  public var network: NetworkDescription
  /// What a denoiser's output stands for.
  public var head: NetworkHead?
  /// The loss of a denoiser.
  public var loss: DiffusionLoss?
  /// The path of a denoiser's training, as ``NoisePath/named(_:)`` takes it, or `learned`.
  public var path: String?
  /// The course of a learned path, as training left it.
  public var learnedPath: MonotoneSchedule?
  /// The shift of each coordinate of continuous data.
  public var shift: [Double]?
  /// The scale of continuous data.
  public var scale: Double?
  /// The step of quantised data.
  public var quantum: Double?
  /// The symbols of discrete data, in the order of the categories.
  public var alphabet: String?
  /// The values of a site of discrete data.
  public var categories: Int?
  /// The noise of discrete data.
  public var noise: Noise?
  /// The probability of a 1 under the stationary law of bits.
  public var activity: Double?
  /// The weight of the cross-entropy beside the bound, for discrete data.
  public var crossEntropyWeight: Double?
  /// Height and width of pictures.
  public var pictureShape: [Int]?
  /// `binary`, `spin`, `categorical` or `continuous`: the kind of the data.
  public var variables: String

  /// A description.
  public init(
    kind: Kind, schedule: ScheduleDescription, network: NetworkDescription, variables: String
  ) {
    self.kind = kind
    self.schedule = schedule
    self.network = network
    self.variables = variables
  }

  /// The mean over all bits of a data set, kept within what noise can be made of.
  public static func meanActivity(of set: DataSet) -> Double {
    guard case .bits(let bits) = set.values, bits.rows > 0, bits.columns > 0 else { return 0.5 }
    var ones = 0
    for row in 0..<bits.rows { for word in bits.words(ofRow: row) { ones += word.nonzeroBitCount } }
    return min(0.99, max(0.01, Double(ones) / Double(bits.rows * bits.columns)))
  }

  /// What is wrong with a description that was read, or nil.
  ///
  /// - Parameter numbers: Numbers in the file: no size of a network is larger.
  func fault(numbers: Int) -> String? {
    if let size = network.sizes.first(where: { $0 < 1 || $0 > max(numbers, 1000) }) {
      return "a network with a size of \(size)"
    }
    do {
      _ = try schedule.schedule()
    } catch {
      return error.message
    }
    if kind == .categorical {
      guard let categories, categories > 1, categories < 256, noise != nil else {
        return "categories"
      }
      if let activity, !(activity > 0 && activity < 1) { return "activity \(activity)" }
      return nil
    }
    guard let scale, scale > 0, scale.isFinite else { return "scale" }
    guard let shift, shift.count == network.network.inputSize, shift.allSatisfy(\.isFinite) else {
      return "shift"
    }
    if let quantum, !(quantum >= 0 && quantum.isFinite) { return "quantum \(quantum)" }
    if kind == .denoiser, head == nil || loss == nil || path == nil {
      return "no output, loss or path"
    }
    return nil
  }

  /// The Gaussian chain.
  public func diffusion() throws(SzilardError) -> GaussianDiffusion {
    GaussianDiffusion(try schedule.schedule())
  }

  /// Continuous samples with this model's shift and scale.
  ///
  /// - Throws: `badData` when the samples have another number of coordinates.
  public func data(_ samples: Matrix<Float>) throws(SzilardError) -> GaussianData {
    guard let shift, let scale else {
      throw SzilardError(.usage, "the model is one of discrete data")
    }
    guard samples.columns == shift.count else {
      throw SzilardError(
        .badData, "the samples have \(samples.columns) coordinates, the model \(shift.count)")
    }
    return GaussianData(samples: samples, shift: shift, scale: scale, quantum: quantum ?? 0)
  }
}

extension NoisePath {
  /// The paths by name with their usual numbers.
  public static let named: [(name: String, path: NoisePath)] = [
    ("cosine", .cosine(offset: 0.008)),
    ("arc", .cosine(offset: 0)),
    ("variance-preserving", .variancePreserving(first: 0.1, last: 20)),
    ("conditional-transport", .conditionalTransport),
    ("karras", .karras(smallest: 0.002, largest: 80, exponent: 7)),
    ("linear-log-snr", .linearLogSignalToNoise(first: 10, last: -8)),
    ("sigmoid", .sigmoid(first: -3, last: 3)),
    ("learned", .learned(MonotoneSchedule(first: 10, last: -8, pieces: 32))),
  ]

  /// The path of a name.
  ///
  /// - Throws: `usage`, with the names there are.
  public static func named(_ name: String) throws(SzilardError) -> NoisePath {
    guard let found = named.first(where: { $0.name == name }) else {
      throw SzilardError(
        .usage,
        "'\(name)' names no path; there are "
          + named.map(\.name).joined(separator: ", "))
    }
    return found.path
  }
}
