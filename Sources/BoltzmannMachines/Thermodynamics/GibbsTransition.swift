/// The kernels of block Gibbs sampling over listed states, at one temperature.
///
///     (p K_h)(v, h) = p(h | v) Σ_h' p(v, h'),    (p K_v)(v, h) = p(v | h) Σ_v' p(v', h)
///
/// Held as the two conditional distributions; the matrix over joint states is never formed.
public struct GibbsTransition: Sendable {
  /// The number of visible states.
  public let visibleStates: Int
  /// The number of hidden states.
  public let hiddenStates: Int
  /// p(h | v), shape [visible states × hidden states], row-major.
  public let hiddenGivenVisible: [Double]
  /// p(v | h), shape [hidden states × visible states], row-major.
  public let visibleGivenHidden: [Double]

  /// Kernels with the given conditional distributions.
  public init(
    visibleStates: Int, hiddenStates: Int, hiddenGivenVisible: [Double],
    visibleGivenHidden: [Double]
  ) {
    precondition(hiddenGivenVisible.count == visibleStates * hiddenStates)
    precondition(visibleGivenHidden.count == visibleStates * hiddenStates)
    self.visibleStates = visibleStates
    self.hiddenStates = hiddenStates
    self.hiddenGivenVisible = hiddenGivenVisible
    self.visibleGivenHidden = visibleGivenHidden
  }

  /// p ← p K, for a distribution (or any row vector) over the joint states.
  ///
  /// - Complexity: O(joint states).
  public func apply(_ move: GibbsMove, to distribution: inout [Double]) {
    precondition(distribution.count == visibleStates * hiddenStates)
    switch move {
    case .hidden:
      for v in 0..<visibleStates {
        let row = v * hiddenStates..<(v + 1) * hiddenStates
        var total = 0.0
        for x in row { total += distribution[x] }
        for x in row { distribution[x] = total * hiddenGivenVisible[x] }
      }
    case .visible:
      var totals = [Double](repeating: 0, count: hiddenStates)
      for v in 0..<visibleStates {
        for h in 0..<hiddenStates { totals[h] += distribution[v * hiddenStates + h] }
      }
      for v in 0..<visibleStates {
        for h in 0..<hiddenStates {
          distribution[v * hiddenStates + h] =
            totals[h] * visibleGivenHidden[h * visibleStates + v]
        }
      }
    case .either:
      var other = distribution
      apply(.hidden, to: &distribution)
      apply(.visible, to: &other)
      for x in distribution.indices { distribution[x] = (distribution[x] + other[x]) / 2 }
    }
  }

  /// p ← p K₁ K₂ ….
  public func apply(_ sequence: GibbsSequence, to distribution: inout [Double]) {
    for move in sequence.moves { apply(move, to: &distribution) }
  }

  /// P(x → y) of a sequence, one row for each x.
  ///
  /// - Complexity: O(moves × joint states²) time, O(joint states²) memory.
  func matrix(of sequence: GibbsSequence) -> [[Double]] {
    let count = visibleStates * hiddenStates
    // What follows a redraw of one layer depends on the other layer alone.
    var rows: [[Double]] = []
    rows.reserveCapacity(count)
    for x in 0..<count {
      switch sequence.moves.first {
      case .hidden where x % hiddenStates > 0: rows.append(rows[x - 1])
      case .visible where x >= hiddenStates: rows.append(rows[x - hiddenStates])
      default:
        var row = [Double](repeating: 0, count: count)
        row[x] = 1
        apply(sequence, to: &row)
        rows.append(row)
      }
    }
    return rows
  }
}
