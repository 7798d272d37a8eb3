internal import Foundation
public import NumericalCore

/// The work of paths between data and noise.
///
/// ```
/// w(x_{1…T}|x_0) = −ln π(x_T) − Σ_t [ln p(x_{t−1}|x_t) − ln q(x_t|x_{t−1})]
/// Σ = ln q(x_{0…T})/p(x_{0…T}) = ln q(x_0) + w
/// ```
///
/// Over forward paths from x_0, E e^{−w} = p(x_0) and E w ≥ −ln p(x_0) (Jarzynski); over forward paths
/// from the data, E e^{−Σ} = 1; and P_q(Σ) = e^Σ P_p(Σ) with P_p over paths of the model (Crooks).
/// Source: Sohl-Dickstein et al. 2015, equation 9.
public struct PathWork: Sendable {
  /// The reverse chain p.
  public let kernel: any GaussianReverseKernel
  /// How its last step is taken.
  public var lastStep: LastStep
  /// The threads.
  public var workers: Workers

  /// The works of a chain.
  public init(
    _ kernel: any GaussianReverseKernel, lastStep: LastStep = .forward,
    workers: Workers = Workers()
  ) {
    self.kernel = kernel
    self.lastStep = lastStep
    self.workers = workers
  }

  /// Paths with their works, one a row.
  public struct Paths: Sendable {
    /// Where the paths begin or end in data space: x_0.
    public var data: Matrix<Double>
    /// Where they are at the noise end: x_T.
    public var noise: Matrix<Double>
    /// w of each path, in nats.
    public var works: [Double]
    /// ln q(x_t|x_{t−1}) − ln p(x_{t−1}|x_t) in column t − 1, where it was asked for.
    public var steps: Matrix<Double>?

    /// Σ = ln q(x_0) + w of each path, for a law of data of known density.
    public func entropyProduction(under law: any DataLaw) -> [Double] {
      let densities = law.logDensity(of: data, at: NoiseLevel(signal: 1, noise: 0))
      return zip(densities, works).map { $0 + $1 }
    }
  }

  /// Paths of the forward chain from each row of data.
  ///
  /// - Parameters:
  ///   - data: x_0, one a row.
  ///   - seed: Of the noise, which is that of (row, path, step) whatever else is asked for.
  ///   - path: Which of the independent paths from each row.
  ///   - keepingSteps: Whether to keep the terms of each step.
  /// - Throws: `badData` when rows do not fit the kernel.
  /// - Complexity: T evaluations of the kernel a row.
  public func forward(
    from data: Matrix<Double>, seed: UInt64, path: Int = 0, keepingSteps: Bool = false
  ) throws -> Paths {
    try kernel.check(data)
    return try collect(data.rows, keepingSteps) { rows, add in
      try advance(data.selectingRows(rows), add) { step in
        .normal(
          indices: rows, columns: data.columns, seed: seed, purpose: .forwardPaths,
          step: UInt64(path) << 32 | UInt64(step))
      }
    }
  }

  /// The works of several paths from one data point, which is row `row` of the data; the same as those
  /// of ``forward(from:seed:path:keepingSteps:)``.
  func forward(from point: [Double], paths: Int, seed: UInt64, row: Int) throws -> [Double] {
    try collect(paths, false) { range, add in
      var start = Matrix<Double>(rows: range.count, columns: point.count)
      for index in 0..<range.count { start.setRow(index, to: point) }
      return try advance(start, add) { step in
        .normal(
          columns: point.count, seed: seed, purpose: .forwardPaths,
          names: range.map { (row, UInt64($0) << 32 | UInt64(step)) })
      }
    }.works
  }

  /// One block of forward paths with the noise of each step.
  private func advance(
    _ start: Matrix<Double>, _ add: (Int, [Double]) -> Void, _ noise: (Int) -> Matrix<Double>
  ) throws -> (data: Matrix<Double>, noise: Matrix<Double>) {
    let schedule = kernel.diffusion.schedule
    var before = start
    for step in 1...schedule.steps {
      let rate = schedule.rate(step)
      let after = before.mixed((1 - rate).squareRoot(), rate.squareRoot(), noise(step))
      let law = try kernel.reverse(after, step: step, lastStep: lastStep)
      add(step, zip(forwardLogDensity(before, after, step), law.logDensity(of: before)).map(-))
      before = after
    }
    return (start, before)
  }

  /// Paths of the model, from x_T of π down to x_0, with the same functional of the path.
  ///
  /// - Parameters:
  ///   - count: How many.
  ///   - seed: Of the noise; path n is the n-th sample of ``AncestralSampler`` with this seed.
  ///   - keepingSteps: Whether to keep the terms of each step.
  /// - Complexity: T evaluations of the kernel a path.
  public func reverse(
    count: Int, seed: UInt64, keepingSteps: Bool = false
  ) throws -> Paths {
    let schedule = kernel.diffusion.schedule
    return try collect(count, keepingSteps) { rows, add in
      func noise(_ step: Int) -> Matrix<Double> {
        .normal(
          rows: rows.count, columns: kernel.dimension, seed: seed, purpose: .reversePaths,
          step: UInt64(step), firstRow: rows.lowerBound)
      }
      let start = noise(0)
      var after = start
      for step in stride(from: schedule.steps, through: 1, by: -1) {
        let law = try kernel.reverse(after, step: step, lastStep: lastStep)
        let before = law.states(noise: noise(step))
        add(step, zip(forwardLogDensity(before, after, step), law.logDensity(of: before)).map(-))
        after = before
      }
      return (after, start)
    }
  }

  private func forwardLogDensity(
    _ before: Matrix<Double>, _ after: Matrix<Double>, _ step: Int
  ) -> [Double] {
    kernel.diffusion.forward(before, step: step).logDensity(of: after)
  }

  /// Runs blocks of rows; `body` adds the terms of its steps and returns both ends of its paths.
  private func collect(
    _ count: Int, _ keepingSteps: Bool,
    _ body: (Range<Int>, (Int, [Double]) -> Void) throws -> (
      data: Matrix<Double>, noise: Matrix<Double>
    )
  ) throws -> Paths {
    let steps = kernel.diffusion.schedule.steps
    let blocks = try workers.mapBlocks(of: count) { rows -> Paths in
      var works = [Double](repeating: 0, count: rows.count)
      var kept = Matrix<Double>(
        rows: keepingSteps ? rows.count : 0, columns: steps)
      let ends = try body(rows) { step, terms in
        for row in terms.indices {
          works[row] += terms[row]
          if keepingSteps { kept[row, step - 1] = terms[row] }
        }
      }
      for row in works.indices {
        // −ln π(x_T).
        let square = ends.noise.row(row).reduce(0) { $0 + $1 * $1 }
        works[row] += 0.5 * (square + Double(ends.noise.columns) * log(2 * .pi))
      }
      return Paths(
        data: ends.data, noise: ends.noise, works: works, steps: keepingSteps ? kept : nil)
    }
    return Paths(
      data: .stacked(blocks.map(\.data), columns: kernel.dimension),
      noise: .stacked(blocks.map(\.noise), columns: kernel.dimension),
      works: blocks.flatMap(\.works),
      steps: keepingSteps ? .stacked(blocks.compactMap(\.steps), columns: steps) : nil)
  }
}
