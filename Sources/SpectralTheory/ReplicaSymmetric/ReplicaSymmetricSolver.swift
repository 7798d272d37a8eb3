internal import Foundation
internal import NumericalCore

/// Solves the replica-symmetric equations of a ``WeightEnsemble``.
///
/// Passes through the equations go from a start to the state it belongs to; Newton's steps take over near
/// a state that passes come to, where they shorten the residual,
///
///     x ← x − (J − 1)⁺ (G(x) − x),   x = (m̄, q̄)
///
/// with the pseudo-inverse, because degenerate modes leave directions along which nothing changes. A
/// state carries its residual, and does not count as converged unless that is below the tolerance.
public struct ReplicaSymmetricSolver: Sendable {
  /// The largest residual of a converged state.
  public var tolerance = 1e-11
  /// Passes at most.
  public var maximumIterations = 20_000

  /// The defaults.
  public init() {}

  /// All states found, the one that dominates first.
  ///
  /// Starts are the paramagnet, the spin glass, each mode by itself, and all modes alike; with fields
  /// also each mode against its field. A stationary point to which small deviations do not return is
  /// no state, whatever its ln Z: in the spin glass that of q = 0 is *larger* than that of q > 0,
  /// because replicas turn the maximum over q into a minimum. So stable states stand before unstable
  /// ones, and converged before others; among equals the largest ln Z is first.
  public func states(of ensemble: WeightEnsemble) -> [ReplicaSymmetricState] {
    var found: [ReplicaSymmetricState] = []
    for start in starts(of: ensemble) {
      let state = state(of: ensemble, hidden: start.hidden, hiddenOverlap: start.overlap)
      if !found.contains(where: { $0.parameters.distance(to: state.parameters) < 1e-4 }) {
        found.append(state)
      }
    }
    func rank(_ state: ReplicaSymmetricState) -> Int {
      (state.isStable ? 2 : 0) + (state.isConverged ? 1 : 0)
    }
    return found.sorted {
      rank($0) != rank($1)
        ? rank($0) > rank($1) : $0.logPartitionFunction > $1.logPartitionFunction
    }
  }

  /// The state that passes through the equations come to from m̄ and q̄.
  ///
  /// - Parameters:
  ///   - hidden: m̄ₐ, one a mode.
  ///   - hiddenOverlap: q̄ in [0, 1].
  public func state(
    of ensemble: WeightEnsemble, hidden: [Double], hiddenOverlap: Double = 1
  ) -> ReplicaSymmetricState {
    precondition(hidden.count == ensemble.modeCount, "a magnetisation for each mode")
    precondition(hiddenOverlap >= 0 && hiddenOverlap <= 1, "an overlap of \(hiddenOverlap)")
    let equations = ReplicaSymmetricEquations(ensemble)
    var x = hidden + [hiddenOverlap]
    func evaluate(_ x: [Double]) -> (pass: ReplicaSymmetricEquations.Pass, residual: [Double]) {
      let pass = equations.pass(hidden: Array(x.dropLast()), overlap: x[x.count - 1])
      let new = pass.parameters.hidden + [pass.parameters.hiddenOverlap]
      return (pass, zip(new, x).map { $0 - $1 })
    }
    func size(_ residual: [Double]) -> Double { residual.reduce(0) { max($0, abs($1)) } }
    var (pass, residual) = evaluate(x)
    var iterations = 1
    var nextStep = 4
    while size(residual) > tolerance && iterations < maximumIterations {
      // Newton's method also goes to states that passes move away from: a step counts only where passes
      // shrink what deviations there are. After a step in vain there are half as many passes again.
      if iterations >= nextStep, let step = newtonStep(pass.jacobian, residual) {
        var isTaken = false
        // Half a step where the whole one goes too far: next to a transition it can pass the state.
        for part in [1, 0.5] where !isTaken {
          var next = zip(x, step).map { $0 + part * $1 }
          let overlap = next[next.count - 1]
          guard overlap >= -1e-9, overlap <= 1 else { continue }
          next[next.count - 1] = max(0, overlap)
          let tried = evaluate(next)
          iterations += 1
          let present = x.indices.filter { x[$0] != 0 }
          if size(tried.residual) < (1 - 0.5 * part) * size(residual),
            spectralRadius(tried.pass.jacobian, over: present) < 1 + 1e-9
          {
            (x, pass, residual) = (next, tried.pass, tried.residual)
            isTaken = true
          }
        }
        if isTaken { continue }
        nextStep = iterations + iterations / 2
      }
      x = zip(x, residual).map { $0 + $1 }
      (pass, residual) = evaluate(x)
      iterations += 1
    }
    // m and q follow from the old m̄ and q̄, so the state is the pair of these.
    var parameters = pass.parameters
    parameters.hidden = Array(x.dropLast())
    parameters.hiddenOverlap = x[x.count - 1]
    return ReplicaSymmetricState(
      parameters: parameters, logPartitionFunction: equations.logPartitionFunction(at: parameters),
      deAlmeidaThouless: pass.deAlmeidaThouless,
      growth: spectralRadius(pass.jacobian, over: Array(x.indices)),
      residual: size(residual), iterations: iterations,
      isConverged: size(residual) <= tolerance)
  }

  /// The order parameters after each of some passes through the equations, the start not counted.
  public func path(
    of ensemble: WeightEnsemble, hidden: [Double], hiddenOverlap: Double, passes: Int
  ) -> [OrderParameters] {
    let equations = ReplicaSymmetricEquations(ensemble)
    var (magnetisations, overlap) = (hidden, hiddenOverlap)
    return (0..<passes).map { _ in
      let parameters = equations.pass(hidden: magnetisations, overlap: overlap).parameters
      (magnetisations, overlap) = (parameters.hidden, parameters.hiddenOverlap)
      return parameters
    }
  }

  private func starts(of ensemble: WeightEnsemble) -> [(hidden: [Double], overlap: Double)] {
    let count = ensemble.modeCount
    // No m̄ is larger: κ^{1/4} E|V|, and E|V| is at most 1.
    let full = pow(ensemble.aspectRatio, 0.25)
    let zero = [Double](repeating: 0, count: count)
    var result = [(zero, 0.0), (zero, 1.0)]
    for mode in 0..<count {
      for sign in ensemble.hasFields ? [1.0, -1.0] : [1.0] {
        var one = zero
        one[mode] = sign * full
        result.append((one, 1))
      }
    }
    if count > 1 { result.append((zero.map { _ in full }, 1)) }
    return result
  }

  /// −(J − 1)⁺ residual.
  private func newtonStep(_ jacobian: Matrix<Double>, _ residual: [Double]) -> [Double]? {
    var matrix = jacobian
    for index in residual.indices { matrix[index, index] -= 1 }
    guard matrix.elements.allSatisfy(\.isFinite) else { return nil }
    let modes = LinearAlgebra.singularValueDecomposition(matrix)
    var step = [Double](repeating: 0, count: residual.count)
    for (mode, value) in modes.values.enumerated() where value > 1e-7 {
      let (u, v) = (modes.left.row(mode), modes.right.row(mode))
      let along = zip(u, residual).reduce(0) { $0 + $1.0 * $1.1 } / value
      for index in step.indices { step[index] -= along * v[index] }
    }
    return step
  }

  /// The spectral radius of some rows and columns: for more than two lim ‖Jⁿ‖^{1/n}, n = 2⁴⁰, by squaring
  /// (Gelfand 1941).
  private func spectralRadius(_ jacobian: Matrix<Double>, over kept: [Int]) -> Double {
    if kept.count == 1 { return abs(jacobian[kept[0], kept[0]]) }
    if kept.count == 2 {
      let (i, j) = (kept[0], kept[1])
      let half = (jacobian[i, i] + jacobian[j, j]) / 2
      let difference = (jacobian[i, i] - jacobian[j, j]) / 2
      let root = difference * difference + jacobian[i, j] * jacobian[j, i]
      return root >= 0 ? abs(half) + root.squareRoot() : (half * half - root).squareRoot()
    }
    var power = Matrix<Double>(
      rows: kept.count, columns: kept.count,
      elements: kept.flatMap { row in kept.map { jacobian[row, $0] } })
    var logarithm = 0.0
    var weight = 1.0
    for _ in 0..<40 {
      let norm = power.elements.reduce(0) { max($0, abs($1)) }
      guard norm > 0, norm.isFinite else { return norm }
      logarithm += weight * log(norm)
      let unit = power.map { $0 / norm }
      power = LinearAlgebra.product(unit, unit)
      weight /= 2
    }
    return exp(logarithm)
  }
}
