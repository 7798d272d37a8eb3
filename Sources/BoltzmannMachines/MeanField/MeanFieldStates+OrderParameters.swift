public import NumericalCore
public import SpectralTheory

extension MeanFieldStates {
  /// The order parameters of the solutions, root mean square over them, with their weights.
  ///
  ///     mₐ² = Σ_p P_p (uᵃ·m_p)² / L,   q = Σ_p P_p |m_p|² / N_v,   L = √(N_v N_h)
  ///
  /// and likewise m̄ₐ and q̄ of the hidden units, in the ±1 convention (m → 2m − 1 of 0/1 units). Squares,
  /// because states of opposite sign would cancel; of a single state these are those of
  /// ``OrderParameters`` up to the sign.
  ///
  /// - Parameters:
  ///   - modes: The leading modes of the machine's weights.
  ///   - machine: The machine of the states, of two-valued units.
  public func orderParameters(
    along modes: SingularValueDecomposition, of machine: RestrictedBoltzmannMachine
  ) -> OrderParameters {
    let size = Double(max(1, machine.visible.size * machine.hidden.size)).squareRoot()
    func squares(
      _ vectors: Matrix<Double>, _ kind: UnitKind, _ means: (MeanFieldState) -> [Double]
    ) -> (along: [Double], overlap: Double) {
      var along = [Double](repeating: 0, count: vectors.rows)
      var overlap = 0.0
      for (state, weight) in zip(distinct, weights) where weight > 0 {
        let spins = kind == .bernoulli ? means(state).map { 2 * $0 - 1 } : means(state)
        for a in along.indices {
          let projection = zip(vectors.row(a), spins).reduce(0) { $0 + $1.0 * $1.1 }
          along[a] += weight * projection * projection / size
        }
        overlap += weight * spins.reduce(0) { $0 + $1 * $1 } / Double(max(1, spins.count))
      }
      return (along.map { $0.squareRoot() }, overlap)
    }
    let visible = squares(modes.left, machine.visible.kind) { $0.visible }
    let hidden = squares(modes.right, machine.hidden.kind) { $0.hidden }
    return OrderParameters(
      visible: visible.along, hidden: hidden.along, visibleOverlap: visible.overlap,
      hiddenOverlap: hidden.overlap)
  }
}
