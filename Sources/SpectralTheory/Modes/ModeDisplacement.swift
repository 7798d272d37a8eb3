public import NumericalCore

/// How modes moved between two decompositions of a matrix that changed a little.
///
/// Modes are matched by the largest (|uᵃ·u'ᵇ| + |vᵃ·v'ᵇ|)/2, each at most once, and the later ones take
/// the order and the signs of the earlier. With O_ab = uᵃ·u'ᵇ the mean rate of rotation over the time Δt is
///
///     Ωᵘ_ab = (O_ab − O_ba)/2Δt  =  uᵃ·(u'ᵇ − uᵇ)/Δt + O(Δt),   Ωᵛ likewise,   dwₐ/dt = (w'ₐ − wₐ)/Δt
///
/// Good while modes turn little: see ``isFollowed``. To be held against ``ModeVelocities``.
public struct ModeDisplacement: Sendable, Equatable {
  /// The later modes, in the order and with the signs of the earlier.
  public let matched: SingularValueDecomposition
  /// dwₐ/dt.
  public let values: [Double]
  /// Ωᵘ, antisymmetric, shape [modes, modes].
  public let leftRotation: Matrix<Double>
  /// Ωᵛ, antisymmetric, shape [modes, modes].
  public let rightRotation: Matrix<Double>
  /// (uᵃ·u'ᵃ + vᵃ·v'ᵃ)/2 of each mode with the one it was matched to; 1 where it did not turn.
  public let overlaps: [Double]

  /// The modes that kept their direction, to an overlap of 0.9 (about 25 degrees).
  public var isFollowed: [Bool] { overlaps.map { $0 > 0.9 } }

  /// The displacement of the modes of `earlier`, of which `later` must have at least as many.
  ///
  /// - Complexity: O(modes² · size).
  public init(
    from earlier: SingularValueDecomposition, to later: SingularValueDecomposition,
    duration: Double
  ) {
    precondition(duration > 0, "a duration of \(duration)")
    precondition(later.count >= earlier.count, "\(earlier.count) modes, later \(later.count)")
    let count = earlier.count
    let left = LinearAlgebra.product(earlier.left, later.left.transposed)
    let right = LinearAlgebra.product(earlier.right, later.right.transposed)
    var pairs: [(score: Double, a: Int, b: Int)] = []
    for a in 0..<count {
      for b in 0..<later.count { pairs.append((abs(left[a, b]) + abs(right[a, b]), a, b)) }
    }
    pairs.sort { ($0.score, -$0.a, -$0.b) > ($1.score, -$1.a, -$1.b) }
    var partner = [Int?](repeating: nil, count: count)
    var isTaken = [Bool](repeating: false, count: later.count)
    for pair in pairs where partner[pair.a] == nil && !isTaken[pair.b] {
      partner[pair.a] = pair.b
      isTaken[pair.b] = true
    }
    let order = partner.compactMap { $0 }
    let signs = order.indices.map { left[$0, order[$0]] + right[$0, order[$0]] < 0 ? -1.0 : 1 }
    var matched = SingularValueDecomposition(
      values: order.map { later.values[$0] }, left: later.left.selectingRows(order),
      right: later.right.selectingRows(order))
    for (mode, sign) in signs.enumerated() where sign < 0 {
      for i in 0..<matched.left.columns { matched.left[mode, i].negate() }
      for j in 0..<matched.right.columns { matched.right[mode, j].negate() }
    }
    func rotation(_ products: Matrix<Double>) -> Matrix<Double> {
      var result = Matrix<Double>(rows: count, columns: count)
      for a in 0..<count {
        for b in 0..<count {
          let difference = products[a, order[b]] * signs[b] - products[b, order[a]] * signs[a]
          result[a, b] = difference / 2 / duration
        }
      }
      return result
    }
    self.matched = matched
    values = (0..<count).map { (matched.values[$0] - earlier.values[$0]) / duration }
    leftRotation = rotation(left)
    rightRotation = rotation(right)
    overlaps = (0..<count).map {
      signs[$0] * (left[$0, order[$0]] + right[$0, order[$0]]) / 2
    }
  }
}
