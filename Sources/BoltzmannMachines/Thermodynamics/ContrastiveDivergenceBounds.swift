internal import Foundation
public import NumericalCore

/// An interval for the entropy that k sweeps of chains started at data produce, for any size.
///
/// With F(v) the effective energy (hidden units summed out, β = 1) and S[p₀] the entropy of the
/// data's empirical distribution, which is known,
///
///     Σ_k = CD_k = S[p_k] − S[p₀] − (⟨F⟩_{p_k} − ⟨F⟩_{p₀}),       p₀ → h₀ → v₁ → … → h_{k−1} → v_k
///
/// All but S[p_k] is measured by running chains. The entropy of p_k cannot be: it is bounded.
///
///     Σ_k ≥ 0                                             second law
///     S[p_k] ≥ S[v_k | h_{k−1}]                           conditioning lowers entropy
///     S[p_k] ≤ Σ_i S[v_i]                                 subadditivity
///     S[p_k] ≤ S[p₀] + Σ_t S[h_t | v_t] + S[v_{t+1} | h_t]  the whole path holds more than its end
///     Σ_k ≤ KL(p₀ ‖ π) = −S[p₀] − ⟨ln p⟩_{p₀}             KL(p_k ‖ π) ≥ 0; needs ln Z
///
/// Given the other layer units are independent with known probabilities, so that the conditional
/// entropies are averages of sums, without bias. Marginal entropies are plug-in values with the
/// correction of Miller (1955), good to O(1/chains²). The averages have statistical errors; the
/// interval given is widened by three standard errors at each end.
///
/// The bounds are far apart for large machines (they differ by what the units of v_k know of one
/// another), but they hold whatever p_k is.
public struct ContrastiveDivergenceBounds: Sendable, Equatable, Codable {
  /// One bound, with where it comes from.
  public struct Bound: Sendable, Equatable, Codable {
    /// The bound, in nats.
    public let value: Double
    /// Its standard error.
    public let standardError: Double
    /// What it follows from.
    public let source: String
  }

  /// k.
  public let sweeps: Int
  /// Chains behind the averages.
  public let chains: Int
  /// ⟨F⟩_{p_k} − ⟨F⟩_{p₀}: the heat absorbed, hidden units summed out.
  public let freeEnergyChange: Double
  /// S[p₀].
  public let dataEntropy: Double
  /// The lower bounds.
  public let lower: [Bound]
  /// The upper bounds.
  public let upper: [Bound]

  /// The interval that the entropy production lies in: tightest bounds, three standard errors out.
  public var interval: ClosedRange<Double> {
    let low = lower.map { $0.value - 3 * $0.standardError }.max() ?? 0
    let high = upper.map { $0.value + 3 * $0.standardError }.min() ?? .infinity
    return max(0, min(low, high))...max(0, low, high)
  }

  /// Runs chains from the data and forms the bounds.
  ///
  /// - Parameters:
  ///   - data: The training samples; chains start at them, each at one.
  ///   - chains: At most so many chains, from samples spread evenly over the data.
  ///   - logPartitionFunction: ln Z with its interval, for the last of the bounds; or nil.
  /// - Returns: Bounds, or nil for continuous visible units: their empirical distribution has no
  ///   entropy.
  /// - Complexity: O(chains × k × visible size × hidden count).
  public static func measure(
    _ machine: RestrictedBoltzmannMachine, data: StateMatrix, sweeps: Int, chains: Int = 10_000,
    logPartitionFunction: Estimate? = nil, seed: UInt64, workers: Workers = Workers()
  ) -> ContrastiveDivergenceBounds? {
    precondition(sweeps >= 1 && chains >= 2)
    guard machine.visible.kind != .gaussian, machine.hidden.kind != .gaussian, data.rows > 1 else {
      return nil
    }
    let form = BernoulliForm(machine)
    let dataEntropy = entropy(ofRows: data)
    // Every sample as often as any other: whole passes over the data, or an even choice of them.
    let count = data.rows <= chains ? chains / data.rows * data.rows : chains
    let rows = (0..<count).map { data.rows <= chains ? $0 % data.rows : $0 * data.rows / count }
    var visible = data.selectingRows(rows)
    var hidden = StateMatrix(zerosFor: form.hidden, rows: count)
    let before = form.freeEnergies(of: visible, workers: workers)
    let sampler = GibbsSampler(form: form, chains: count, workers: workers)
    sampler.lanes.seedAll(seed: seed, purpose: .contrastiveDivergence)
    var path = [Double](repeating: 0, count: count)
    var last = path
    for _ in 0..<sweeps {
      let given = form.conditionalEntropies(ofHidden: true, given: visible, workers: workers)
      sampler.run(visible: &visible, hidden: &hidden, sweeps: 1)
      last = form.conditionalEntropies(ofHidden: false, given: hidden, workers: workers)
      for r in 0..<count { path[r] += given[r] + last[r] }
    }
    let after = form.freeEnergies(of: visible, workers: workers)
    let changes = zip(after, before).map { $0 - $1 }
    func bound(_ values: [Double], plus constant: Double, _ source: String) -> Bound {
      let moments = StreamingMoments(values)
      return Bound(
        value: moments.mean + constant, standardError: moments.standardError, source: source)
    }
    let marginal = marginalEntropy(of: visible, in: machine.visible)
    var upper = [
      bound(
        changes.map { -$0 }, plus: marginal - dataEntropy,
        "entropy of the chains at most that of independent units"),
      bound(
        zip(path, changes).map { $0 - $1 }, plus: 0,
        "entropy of the chains at most that of their paths"),
    ]
    if let logZ = logPartitionFunction, logZ.isResolved {
      let moments = StreamingMoments(machine.freeEnergies(of: data, workers: workers))
      let spread = (logZ.interval.upperBound - logZ.interval.lowerBound) / 4
      upper.append(
        Bound(
          value: moments.mean + logZ.value - dataEntropy, standardError: spread,
          source: "divergence of the data from the model, which k sweeps cannot exceed"))
    }
    return ContrastiveDivergenceBounds(
      sweeps: sweeps, chains: count, freeEnergyChange: StreamingMoments(changes).mean,
      dataEntropy: dataEntropy,
      lower: [
        Bound(value: 0, standardError: 0, source: "second law"),
        bound(
          zip(last, changes).map { $0 - $1 }, plus: -dataEntropy,
          "entropy of the chains at least that given the last hidden state"),
      ], upper: upper)
  }

  /// The entropy of the empirical distribution of rows, in nats: ln n when no two are the same.
  package static func entropy(ofRows states: StateMatrix) -> Double {
    var counts: [[UInt64]: Int] = [:]
    for row in 0..<states.rows {
      let key: [UInt64] =
        switch states {
        case .bits(let bits): bits.words(ofRow: row)
        case .colours(let colours, _): colours.row(row).map(UInt64.init)
        case .reals(let reals): reals.row(row).map { UInt64($0.bitPattern) }
        }
      counts[key, default: 0] += 1
    }
    let total = Double(states.rows)
    // In ascending order, for a dictionary has none.
    return counts.values.sorted().reduce(0) { $0 - Double($1) / total * log(Double($1) / total) }
  }

  /// Σ_i S[v_i], plug-in with Miller's correction (symbols seen − 1)/2n.
  private static func marginalEntropy(of states: StateMatrix, in layer: Layer) -> Double {
    let total = Double(states.rows)
    func entropy(_ counts: [Int]) -> Double {
      let seen = counts.filter { $0 > 0 }
      return seen.reduce(Double(seen.count - 1) / (2 * total)) {
        $0 - Double($1) / total * log(Double($1) / total)
      }
    }
    switch states {
    case .bits(let bits):
      return bits.columnCounts().reduce(0) { $0 + entropy([$1, states.rows - $1]) }
    case .colours(let colours, let count):
      return (0..<colours.columns).reduce(0) { sum, site in
        var counts = [Int](repeating: 0, count: count)
        for row in 0..<colours.rows { counts[Int(colours[row, site])] += 1 }
        return sum + entropy(counts)
      }
    case .reals: return .infinity
    }
  }
}

extension BernoulliForm {
  /// The entropy of one layer given each state of the other, in nats.
  func conditionalEntropies(
    ofHidden isHidden: Bool, given states: StateMatrix, workers: Workers
  ) -> [Double] {
    let target = isHidden ? hidden : visible
    let source = isHidden ? visible : hidden
    let weights = isHidden ? forward : backward
    var result = [Double](repeating: 0, count: states.rows)
    let block = 64
    let form = self
    result.withUnsafeMutableBufferPointer { buffer in
      let output = UncheckedSendable(buffer)
      states.withReadOnlyMemory { memory in
        workers.forEachRange(of: (states.rows + block - 1) / block) { range, _ in
          let tool = LayerKernels(form: form, capacity: block)
          let stride = tool.fieldStride
          let path = FieldPath(base: UnsafePointer(target.biases.pointer))
          for index in range {
            let first = index * block
            let rows = Swift.min(block, states.rows - first)
            tool.means(
              of: target, given: memory.advanced(by: first), rows: rows, from: source,
              weights: weights, path: path, out: tool.fields.pointer, outStride: stride)
            for r in 0..<rows {
              let row = tool.fields.pointer + r * stride
              var sum = 0.0
              for c in 0..<target.size {
                let p = Double(row[c])
                if p > 0 { sum -= p * log(p) }
                if target.storage == .bits, p < 1 { sum -= (1 - p) * log1p(-p) }
              }
              output.value[first + r] = sum
            }
          }
        }
      }
    }
    return result
  }
}
