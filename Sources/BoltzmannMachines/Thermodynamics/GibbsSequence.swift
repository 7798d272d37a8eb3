/// One elementary move of block Gibbs sampling on the joint state x = (v, h).
///
/// Each satisfies detailed balance with respect to e^{−βE(x)} / Z(β).
public enum GibbsMove: String, Sendable, Codable, CaseIterable {
  /// K_h: all hidden units are drawn anew given the visible ones.
  case hidden = "h"
  /// K_v: all visible units are drawn anew given the hidden ones.
  case visible = "v"
  /// ½ K_h + ½ K_v: one of the two, by the toss of a coin ("random scan").
  case either = "r"
}

/// A sequence of moves: one step of a sampler as a whole.
///
/// The sweep "h,v" leaves e^{−βE} / Z unchanged, but it is not reversible: its time reversal is "v,h".
/// Palindromes are reversible, and detailed fluctuation theorems hold for these alone.
public struct GibbsSequence: Sendable, Equatable, CustomStringConvertible {
  /// The moves, first one first.
  public let moves: [GibbsMove]

  /// A sequence of at least one move.
  public init(_ moves: [GibbsMove]) {
    precondition(!moves.isEmpty, "a sequence of no moves")
    self.moves = moves
  }

  /// Reads "h,v,h"; nil when a part is not h, v or r.
  public init?(_ text: String) {
    let parts = text.split(separator: ",", omittingEmptySubsequences: false)
    let moves = parts.compactMap { GibbsMove(rawValue: String($0)) }
    guard !moves.isEmpty, moves.count == parts.count else { return nil }
    self.moves = moves
  }

  /// (h,v)ⁿ: n sweeps.
  public static func sweeps(_ count: Int) -> GibbsSequence {
    GibbsSequence((0..<count).flatMap { _ in [GibbsMove.hidden, .visible] })
  }

  /// (h,v)ⁿ,h: n sweeps and one more redraw of the hidden units, which makes a palindrome.
  public static func palindrome(sweeps count: Int = 1) -> GibbsSequence {
    GibbsSequence((0..<count).flatMap { _ in [GibbsMove.hidden, .visible] } + [.hidden])
  }

  /// The moves in reversed order: the sequence under reversal of time.
  public var reversed: GibbsSequence { GibbsSequence(moves.reversed()) }

  /// Whether the sequence is its own reversal.
  public var isReversible: Bool { moves == moves.reversed() }

  /// The moves, separated by commas.
  public var description: String { moves.map(\.rawValue).joined(separator: ",") }
}
