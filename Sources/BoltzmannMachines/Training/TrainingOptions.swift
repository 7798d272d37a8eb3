public import Learning

/// Where the negative phase of the gradient comes from.
public enum TrainingMethod: String, Sendable, Codable, CaseIterable {
  /// Persistent contrastive divergence (Tieleman 2008): chains go on from update to update.
  case pcd
  /// Contrastive divergence (Hinton 2002): chains start at the data of the batch.
  case cd
  /// Random start (Decelle, Furtlehner and Seoane 2021): chains start at noise at each update.
  case random
  /// Persistent chains that carry the weights e^{−W} of the work done on them, so that their weighted
  /// average is the model's at any speed of learning (Carbone, Hua, Coste and Vanden-Eijnden 2023).
  case jarzynski

  /// Persistent chains that exchange states with equilibrium samples of a frozen machine of the same
  /// training (``TrajectoryReservoir``; Bereux et al. 2026).
  case ptt

  /// Whether chains go on from update to update.
  public var isPersistent: Bool { self == .pcd || self == .jarzynski || self == .ptt }
}

/// How a machine is trained.
public struct TrainingOptions: Sendable, Equatable {
  /// Where the negative phase comes from.
  public var method = TrainingMethod.pcd
  /// Gibbs sweeps of the chains for each update (k).
  public var gibbsSteps = 10
  /// The number of chains (PCD and random start; CD uses the batch).
  public var chains = 500
  /// Samples in a minibatch.
  public var batchSize = 500
  /// The learning rate η₀.
  public var learningRate = 0.01
  /// How the rate changes.
  public var schedule = LearningRateSchedule.constant
  /// The optimisation rule.
  public var optimizer = OptimizationRule.gradientAscent(momentum: 0)
  /// Parameter updates in all.
  public var updates = 10_000
  /// L1 penalty on the weights, per unit of learning rate.
  public var l1 = 0.0
  /// L2 penalty on the weights, per unit of learning rate.
  public var l2 = 0.0
  /// Whether gradients are centred.
  public var centred = true
  /// Standard deviation of the initial weights.
  public var initialWeightScale = 1e-2
  /// Whether work and heat of the chains are booked.
  public var keepsLedger = true
  /// Probe chains of the annealing along the training (in whole islands of sixteen); 0 for none.
  public var probes = 512
  /// The seed of every stream of the run.
  public var seed: UInt64 = 0

  /// The defaults: PCD-10, 500 chains, batches of 500, centred gradient ascent at 0.01.
  public init() {}

  /// Updates between two moves of the probes, such that they cost about a twenty-fifth of the updates.
  ///
  /// In products with W, a sum of energies counted as one: a move takes five of the probes, an update
  /// 2k + 6 of the chains.
  public var probeInterval: Int {
    let move = 5.0 * Double(probes)
    let rows = Double(max(method == .cd ? batchSize : chains, batchSize))
    return max(1, Int((25 * move / ((2 * Double(gibbsSteps) + 6) * rows)).rounded(.up)))
  }

  /// Learning time after so many updates: the sum of their rates, with momentum m over 1 − m.
  ///
  /// Nil for rules that choose their own rates, such as Adam's.
  ///
  /// - Parameter updates: Increasing.
  public func learningTimes(at updates: [Int]) -> [Double]? {
    guard case .gradientAscent(let momentum) = optimizer else { return nil }
    var sum = 0.0
    var done = 0
    return updates.map { update in
      while done < update {
        sum += schedule.factor(update: done, total: self.updates)
        done += 1
      }
      return learningRate * sum / (1 - momentum)
    }
  }
}
