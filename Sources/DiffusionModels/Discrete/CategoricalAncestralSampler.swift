internal import Foundation
public import NumericalCore

/// Samples of a discrete reverse chain: x_T ~ π, then a step at a time.
///
/// Rows are drawn from streams of their own, so that a row's sample depends on its number alone, for any
/// number of threads and of rows.
public struct CategoricalAncestralSampler: Sendable {
  /// What is known of the data, for filling in the rest.
  public struct Known: Sendable {
    /// How known sites enter x_t.
    public enum Rule: String, Sendable, Equatable, Codable, CaseIterable {
      /// As they are in the data: r(x_t) = r(x_0), not the exact posterior at finite noise.
      case clamped
      /// Drawn from q(x_t|x_0) at every level, as noisy as their surroundings.
      case diffused
    }
    /// The data, one row a sample; unknown sites do not matter.
    public let data: Matrix<UInt8>
    /// Which sites are known, the same for all rows.
    public let sites: [Bool]
    /// The rule.
    public let rule: Rule

    /// What is known.
    public init(data: Matrix<UInt8>, sites: [Bool], rule: Rule = .diffused) {
      precondition(data.columns == sites.count, "\(sites.count) of \(data.columns) sites")
      self.data = data
      self.sites = sites
      self.rule = rule
    }
  }

  /// The reverse chain.
  public let kernel: any CategoricalReverseKernel
  /// The forward chain.
  public let diffusion: CategoricalDiffusion
  /// What p(x_0|x_1) is.
  public let lastStep: LastStep
  /// The threads; the kernel is called from several.
  public var workers: Workers

  /// A sampler.
  ///
  /// - Throws: `usage` when the categories do not agree or the last step by π is impossible.
  public init(
    _ kernel: any CategoricalReverseKernel, diffusion: CategoricalDiffusion,
    lastStep: LastStep = .forward, workers: Workers = Workers()
  ) throws(SzilardError) {
    guard kernel.categories == diffusion.categories else {
      throw SzilardError(
        .usage,
        "the model has \(kernel.categories) categories, the diffusion \(diffusion.categories)")
    }
    try diffusion.check(lastStep)
    self.kernel = kernel
    self.diffusion = diffusion
    self.lastStep = lastStep
    self.workers = workers
  }

  /// Samples x_0.
  public func samples(
    _ count: Int, seed: UInt64, known: Known? = nil, progress: @Sendable (Double) -> Void = { _ in }
  ) throws -> Matrix<UInt8> {
    try slices(count, at: [0], seed: seed, known: known, progress: progress)[0]
  }

  /// States x_t of the same trajectories at the given steps, in their order.
  public func slices(
    _ count: Int, at steps: [Int], seed: UInt64, known: Known? = nil,
    progress: @Sendable (Double) -> Void = { _ in }
  ) throws -> [Matrix<UInt8>] {
    precondition(known.map { $0.data.rows == count } ?? true, "one row of known data a sample")
    precondition(steps.allSatisfy { (0...diffusion.steps).contains($0) }, "steps \(steps)")
    let finished = try workers.mapBlocks(of: count) { rows -> [Matrix<UInt8>] in
      var kept = [Matrix<UInt8>](repeating: Matrix(rows: 0, columns: 0), count: steps.count)
      try trajectories(rows: rows, seed: seed, known: known) { step, states, _ in
        for place in steps.indices where steps[place] == step { kept[place] = states }
        if rows.lowerBound == 0 { progress(1 - Double(step) / Double(diffusion.steps)) }
      }
      return kept
    }
    return steps.indices.map { place in
      Matrix(
        rows: count, columns: kernel.sites, elements: finished.flatMap { $0[place].elements })
    }
  }

  /// Runs the rows of a block from T to 0; `visit` gets each x_t with ln p(x_t|x_{t+1}) of each row, and
  /// ln π(x_T) first.
  func trajectories(
    rows: Range<Int>, seed: UInt64, known: Known? = nil,
    visit: (Int, Matrix<UInt8>, [Double]) throws -> Void
  ) throws {
    let (sites, k) = (kernel.sites, diffusion.categories)
    var streams = rows.map {
      RandomStream(seed: seed, purpose: .categoricalSampling, index: UInt64($0))
    }
    var knownStreams = rows.map {
      RandomStream(seed: seed, purpose: .categoricalSampling, index: UInt64($0), step: 1)
    }
    var states = Matrix<UInt8>(rows: rows.count, columns: sites)
    var logs = [Double](repeating: 0, count: rows.count)
    func impose(step: Int) {
      guard let known else { return }
      for row in 0..<rows.count {
        for site in 0..<sites where known.sites[site] {
          let value = known.data[rows.lowerBound + row, site]
          if known.rule == .clamped || step == 0 {
            states[row, site] = value
          } else {
            let law = (0..<k).map { diffusion.marginal(data: Int(value), to: $0, step: step) }
            states[row, site] = UInt8(knownStreams[row].category(law))
          }
        }
      }
    }
    for row in 0..<rows.count {
      for site in 0..<sites {
        let value = streams[row].category(diffusion.stationary)
        states[row, site] = UInt8(value)
        logs[row] += log(diffusion.stationary[value])
      }
    }
    impose(step: diffusion.steps)
    try visit(diffusion.steps, states, logs)
    for step in stride(from: diffusion.steps, through: 1, by: -1) {
      let reverse = try diffusion.reverse(
        kernel, states: states, step: step, lastStep: lastStep)
      reverse.withUnsafePointer { law in
        for row in 0..<rows.count {
          logs[row] = 0
          for site in 0..<sites {
            let start = law + row * reverse.stride + site * k
            let value = streams[row].category(UnsafeBufferPointer(start: start, count: k))
            states[row, site] = UInt8(value)
            logs[row] += log(start[value])
          }
        }
      }
      impose(step: step - 1)
      try visit(step - 1, states, logs)
    }
  }
}

extension CategoricalDiffusion {
  /// p(x_{t−1}|x_t) of a reverse chain with the given last step.
  func reverse(
    _ kernel: any CategoricalReverseKernel, states: Matrix<UInt8>, step: Int, lastStep: LastStep
  ) throws -> Matrix<Double> {
    guard step == 1, lastStep == .forward else {
      return try kernel.reverse(states, step: step)
    }
    let tables = (0..<categories).map { stationaryReversal(of: $0, step: 1) }
    var result = Matrix<Double>(rows: states.rows, columns: states.columns * categories)
    for row in 0..<states.rows {
      for site in 0..<states.columns {
        for j in 0..<categories {
          result[row, site * categories + j] = tables[Int(states[row, site])][j]
        }
      }
    }
    return result
  }
}
