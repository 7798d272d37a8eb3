internal import NumericalCore

/// Chains that are run on to given times.
struct ChainBurst {
  private(set) var visible: StateMatrix
  private(set) var sweeps = 0
  private var hidden: StateMatrix
  private let sampler: GibbsSampler

  /// Chains from the given states; `use` tells streams of one seed apart.
  init(
    _ machine: RestrictedBoltzmannMachine, from start: StateMatrix, seed: UInt64, use: UInt64,
    workers: Workers
  ) {
    LinearAlgebra.useOneThread()
    let form = BernoulliForm(machine)
    visible = start
    hidden = StateMatrix(zerosFor: form.hidden, rows: start.rows)
    sampler = GibbsSampler(form: form, chains: start.rows, workers: workers)
    sampler.lanes.seedAll(seed: seed, purpose: .equilibration, step: use)
  }

  /// Makes the sweeps that are missing.
  mutating func run(to time: Int) {
    guard time > sweeps else { return }
    sampler.run(visible: &visible, hidden: &hidden, sweeps: time - sweeps)
    sweeps = time
  }

  /// Independent noise.
  static func noise(
    _ machine: RestrictedBoltzmannMachine, chains: Int, seed: UInt64
  ) -> StateMatrix {
    Trainer.randomStates(
      of: machine, rows: chains, means: nil, seed: seed, purpose: .equilibration, step: 1 << 32)
  }

  /// Rows of data, each at most once while there are enough.
  static func drawn(from data: StateMatrix, chains: Int, seed: UInt64) -> StateMatrix {
    var stream = RandomStream(
      seed: seed, purpose: .equilibration, index: .max, step: 1 << 33)
    let order = (0..<data.rows).shuffled(using: &stream)
    return data.selectingRows((0..<chains).map { order[$0 % order.count] })
  }

  /// Rows of data drawn with replacement.
  static func resampled(
    _ data: StateMatrix, count: Int, seed: UInt64, draw: UInt64
  ) -> StateMatrix {
    var stream = RandomStream(
      seed: seed, purpose: .equilibration, index: .max, step: (1 << 34) + draw)
    return data.selectingRows((0..<count).map { _ in stream.index(below: data.rows) })
  }
}
