internal import Foundation
public import NumericalCore

/// What is kept of a trajectory of descent while it runs: moments, area, entropy production.
///
/// With x the distance from a reference point in the coordinates of a ``StationaryState``, and Δ the change of x in a
/// unit of time: sums of x, Δ, x xᵀ, x Δᵀ and Δ Δᵀ, and of σ = v(x)ᵀ D⁻¹ Δ over windows of several lengths.
/// Blocks of states go through BLAS, so that a step costs O(d²) multiplications and no memory.
public struct TrajectoryStatistics: Sendable {
  /// The theory whose v and D enter σ.
  public let state: StationaryState
  /// Steps so far.
  public private(set) var count = 0
  /// σ, by the length of windows.
  public private(set) var windows: [EntropyWindow]
  /// vᵀ D⁻¹ v, means over successive segments, of each trajectory.
  public private(set) var dissipations: [[Double]] = []
  /// Coordinates of every k-th state, flat.
  public private(set) var kept: [Double] = []
  private var sum: [Double]
  private var change: [Double]
  private var second: [Double]
  private var cross: [Double]
  private var increments: [Double]
  private var segments: (sums: [Double], counts: [Int])
  private let expectedCount: Int
  private let keepStride: Int

  static let segmentCount = 24

  /// Nothing yet.
  ///
  /// - Parameters:
  ///   - state: The theory.
  ///   - windows: Lengths of windows.
  ///   - expectedCount: Steps that will come.
  ///   - keeping: Values of σ kept of each length of window, at most.
  ///   - keepingStates: States kept, at most.
  public init(
    state: StationaryState, windows: [Int], expectedCount: Int, keeping: Int = 1_000_000,
    keepingStates: Int = 20_000
  ) {
    self.state = state
    self.expectedCount = expectedCount
    self.windows = windows.map {
      EntropyWindow(
        length: $0, expectedMean: state.entropyProduction, expectedCount: expectedCount / $0,
        keeping: keeping)
    }
    keepStride = Swift.max(1, expectedCount / Swift.max(1, keepingStates))
    let size = state.dimension
    sum = [Double](repeating: 0, count: size)
    change = sum
    second = [Double](repeating: 0, count: size * size)
    cross = second
    increments = second
    segments = (
      [Double](repeating: 0, count: TrajectoryStatistics.segmentCount),
      [Int](repeating: 0, count: TrajectoryStatistics.segmentCount)
    )
  }

  /// Adds a block of steps.
  ///
  /// `states` are those numbered 0 ... steps, one a row of coordinates; a block begins with the last state of the one
  /// before.
  mutating func add(_ states: UnsafePointer<Double>, steps: Int, _ memory: inout Scratch) {
    let size = state.dimension
    let total = steps * size
    memory.reserve(total)
    var block = [Double](repeating: 0, count: size * size)
    memory.changes.withUnsafeMutableBufferPointer { changes in
      memory.pulls.withUnsafeMutableBufferPointer { pulls in
        memory.entropy.withUnsafeMutableBufferPointer { entropy in
          memory.force.withUnsafeBufferPointer { force in
            guard let changes = changes.baseAddress, let pulls = pulls.baseAddress,
              let force = force.baseAddress
            else { return }
            for k in 0..<total { changes[k] = states[k + size] - states[k] }
            // σ_t = Δ_t · (D⁻¹ V x_t).
            LinearAlgebra.multiply(
              rows: steps, columns: size, inner: size, states, strideA: size, force,
              transposingB: true, strideB: size, into: pulls, strideC: size)
            for t in 0..<steps {
              var product = 0.0
              for k in 0..<size { product += changes[t * size + k] * pulls[t * size + k] }
              entropy[t] = product
            }
            multiply(states, states, steps, &block, adding: false)
            multiply(states, changes, steps, &cross, adding: true)
            multiply(changes, changes, steps, &increments, adding: true)
            for t in 0..<steps {
              for k in 0..<size {
                sum[k] += states[t * size + k]
                change[k] += changes[t * size + k]
              }
            }
            let values = UnsafeBufferPointer(rebasing: entropy[0..<steps])
            for window in windows.indices { windows[window].add(values) }
          }
        }
      }
    }
    var dissipation = 0.0
    for k in block.indices {
      second[k] += block[k]
      dissipation += memory.dissipation[k] * block[k]
    }
    let segment = Swift.min(
      TrajectoryStatistics.segmentCount - 1,
      count * TrajectoryStatistics.segmentCount / Swift.max(1, expectedCount))
    segments.sums[segment] += dissipation
    segments.counts[segment] += steps
    var next = (keepStride - count % keepStride) % keepStride
    while next < steps {
      kept.append(contentsOf: UnsafeBufferPointer(start: states + next * size, count: size))
      next += keepStride
    }
    count += steps
  }

  private func multiply(
    _ a: UnsafePointer<Double>, _ b: UnsafePointer<Double>, _ steps: Int, _ c: inout [Double],
    adding: Bool
  ) {
    let size = state.dimension
    c.withUnsafeMutableBufferPointer { c in
      guard let c = c.baseAddress else { return }
      LinearAlgebra.multiply(
        rows: size, columns: size, inner: steps, a, transposingA: true, strideA: size, b,
        strideB: size, beta: adding ? 1 : 0, into: c, strideC: size)
    }
  }

  /// Memory that blocks share.
  struct Scratch {
    var changes: [Double] = []
    var pulls: [Double] = []
    var entropy: [Double] = []
    var force: [Double]
    var dissipation: [Double]

    init(_ state: StationaryState) {
      force = state.force.elements
      dissipation = state.dissipation.elements
    }

    mutating func reserve(_ count: Int) {
      guard changes.count < count else { return }
      changes = [Double](repeating: 0, count: count)
      pulls = changes
      entropy = changes
    }
  }

  /// Ends a trajectory: its segments become a series of their own.
  mutating func finish() {
    let filled = segments.counts.indices.filter { segments.counts[$0] > 0 }
    dissipations.append(filled.map { segments.sums[$0] / Double(segments.counts[$0]) })
  }

  /// Adds another trajectory, which is finished.
  mutating func merge(_ other: TrajectoryStatistics) {
    count += other.count
    dissipations += other.dissipations
    kept += other.kept
    for k in sum.indices {
      sum[k] += other.sum[k]
      change[k] += other.change[k]
    }
    for k in second.indices {
      second[k] += other.second[k]
      cross[k] += other.cross[k]
      increments[k] += other.increments[k]
    }
    for k in windows.indices { windows[k].merge(other.windows[k]) }
  }

  /// ⟨x⟩, from the reference point.
  public var mean: [Double] { sum.map { $0 / Double(count) } }

  /// The covariance of x.
  public var covariance: Matrix<Double> {
    let mean = mean
    return matrix { second[$0 * mean.count + $1] / Double(count) - mean[$0] * mean[$1] }
  }

  /// A, half the antisymmetric part of ⟨(x − ⟨x⟩) Δᵀ⟩, exactly antisymmetric.
  ///
  ///     Aᵢⱼ = ½⟨xᵢ(t) xⱼ(t+1) − xⱼ(t) xᵢ(t+1)⟩
  public var areaMatrix: Matrix<Double> {
    let mean = mean
    let n = Double(count)
    func moment(_ i: Int, _ j: Int) -> Double {
      (cross[i * mean.count + j] - mean[i] * change[j]) / n
    }
    return matrix { (moment($0, $1) - moment($1, $0)) / 2 }
  }

  /// D from the increments, ½ Cov(Δ − drift): the drift −κ H x of theory is taken out.
  public var diffusion: Matrix<Double> {
    let mean = mean
    let n = Double(count)
    let size = mean.count
    let drift = state.hessian.map { $0 * state.rate }
    let covariance = covariance
    let crossed = matrix {
      (cross[$0 * size + $1] - mean[$0] * change[$1]) / n
    }
    let plain = matrix {
      increments[$0 * size + $1] / n - change[$0] * change[$1] / (n * n)
    }
    // Cov(Δ + κ H x) = ⟨ΔΔᵀ⟩ + κ H ⟨xΔᵀ⟩ + ⟨Δxᵀ⟩ κ H + κ H S κ H.
    let mixed = LinearAlgebra.product(drift, crossed)
    var result = LinearAlgebra.sum(plain, mixed)
    result = LinearAlgebra.sum(result, mixed.transposed)
    result = LinearAlgebra.sum(result, LinearAlgebra.congruence(drift, covariance))
    return result.map { $0 / 2 }
  }

  /// ⟨vᵀ D⁻¹ v⟩ of a step, the estimator of ⟨σ⟩ with the least noise; the error is that of segments.
  public var dissipation: Estimate {
    let series = dissipations.filter { $0.count >= 4 }
    let length = series.map(\.count).min() ?? 0
    guard length >= 4 else {
      return .unresolved("the trajectory is too short", method: "mean of segments")
    }
    let equal = series.map { Array($0.suffix(length)) }
    return equal.count > 1
      ? meanEstimate(of: equal, maximumScaleReduction: 1.2) : meanEstimate(of: equal[0])
  }

  private func matrix(_ element: (Int, Int) -> Double) -> Matrix<Double> {
    let size = state.dimension
    var result = Matrix<Double>(rows: size, columns: size)
    for i in 0..<size {
      for j in 0..<size { result[i, j] = element(i, j) }
    }
    return result
  }
}
