internal import Foundation
internal import NumericalCore

/// The self-consistent equations of the multistate acceptance ratio and their solution.
///
/// Shirts and Chodera 2008, Journal of Chemical Physics 129, 124105, equation 11:
///
///     f_k = − ln Σₙ e^{−u_kn − Dₙ},   Dₙ = ln Σ_l N_l e^{f_l − u_ln}
///
/// They are the stationarity conditions of the convex function Σₙ Dₙ − Σ_k N_k f_k, which Newton steps
/// with backtracking minimise; where such a step fails, the equations are iterated.
struct MultistateEquations {
  let stateCount: Int
  let sampleCount: Int
  let counts: [Double]
  /// u_kn, state after state.
  let potentials: [Double]
  /// States with samples.
  let sampled: [Int]

  init(_ matrix: Matrix<Double>, counts: [Int]) {
    stateCount = matrix.rows
    sampleCount = matrix.columns
    self.counts = counts.map(Double.init)
    potentials = matrix.elements
    sampled = counts.indices.filter { counts[$0] > 0 }
  }

  /// Dₙ = ln Σ_l N_l e^{f_l − u_ln}.
  func logDenominators(_ f: [Double]) -> [Double] {
    var high = [Double](repeating: -.infinity, count: sampleCount)
    let offsets = sampled.map { f[$0] + log(counts[$0]) }
    for (index, state) in sampled.enumerated() {
      let row = state * sampleCount
      for n in 0..<sampleCount {
        high[n] = Swift.max(high[n], offsets[index] - potentials[row + n])
      }
    }
    var sum = [Double](repeating: 0, count: sampleCount)
    for (index, state) in sampled.enumerated() {
      let row = state * sampleCount
      for n in 0..<sampleCount { sum[n] += exp(offsets[index] - potentials[row + n] - high[n]) }
    }
    for n in 0..<sampleCount { sum[n] = high[n] + log(sum[n]) }
    return sum
  }

  /// − ln Σₙ e^{−u_kn − Dₙ}.
  func freeEnergy(of state: Int, _ denominators: [Double]) -> Double {
    let row = state * sampleCount
    return -logSumExp((0..<sampleCount).map { -potentials[row + $0] - denominators[$0] })
  }

  /// The weights W_nk = e^{f_k − u_kn − Dₙ} of the samples in a state; they sum to one at the solution.
  func weights(of state: Int, _ f: [Double], _ denominators: [Double]) -> [Double] {
    let row = state * sampleCount
    return (0..<sampleCount).map { exp(f[state] - potentials[row + $0] - denominators[$0]) }
  }

  /// The convex function whose minimum is the solution.
  private func objective(_ f: [Double], _ denominators: [Double]) -> Double {
    var sum = CompensatedSum()
    for value in denominators { sum.add(value) }
    for state in sampled { sum.add(-counts[state] * f[state]) }
    return sum.value
  }

  /// Where the iteration ended.
  struct Solution {
    var f: [Double]
    var denominators: [Double]
    var converged: Bool
    var iterations: Int
  }

  /// Solves the equations, with f of the first state 0.
  func solve(tolerance: Double = 1e-10, maximumIterations: Int = 2000) -> Solution {
    var f = startingPoint()
    var denominators = logDenominators(f)
    var value = objective(f, denominators)
    var converged = false
    var iteration = 0
    while iteration < maximumIterations {
      iteration += 1
      let rows = sampled.map { weights(of: $0, f, denominators) }
      let gradient = zip(sampled, rows).map { counts[$0] * ($1.reduce(0, +) - 1) }
      if zip(sampled, gradient).allSatisfy({ abs($1) <= tolerance * counts[$0] }) {
        converged = true
        break
      }
      var accepted = false
      if let step = newtonStep(rows, gradient) {
        var length = 1.0
        for _ in 0..<20 where !accepted {
          var trial = f
          for (index, state) in sampled.enumerated() { trial[state] -= length * step[index] }
          let trialDenominators = logDenominators(trial)
          let trialValue = objective(trial, trialDenominators)
          if trialValue <= value + 1e-13 * abs(value) {
            (f, denominators, value) = (trial, trialDenominators, trialValue)
            accepted = true
          }
          length *= 0.5
        }
      }
      if !accepted || iteration % 50 == 0 {
        let previous = f
        for state in sampled { f[state] = freeEnergy(of: state, denominators) }
        denominators = logDenominators(f)
        value = objective(f, denominators)
        if zip(previous, f).allSatisfy({ abs($0 - $1) < 1e-14 }) { break }
      }
    }
    denominators = logDenominators(f)
    for state in 0..<stateCount where counts[state] == 0 {
      f[state] = freeEnergy(of: state, denominators)
    }
    let origin = f[0]
    return Solution(
      f: f.map { $0 - origin }, denominators: denominators.map { $0 - origin },
      converged: converged, iterations: iteration)
  }

  /// The Newton step H⁺ g, H = diag(N_k Σₙ W_nk) − N W^T W N.
  private func newtonStep(_ rows: [[Double]], _ gradient: [Double]) -> [Double]? {
    let size = sampled.count
    guard size > 1 else { return [Double](repeating: 0, count: size) }
    var hessian = Matrix<Double>(rows: size, columns: size)
    for i in 0..<size {
      for j in 0...i {
        var sum = 0.0
        for n in 0..<sampleCount { sum += rows[i][n] * rows[j][n] }
        var element = -counts[sampled[i]] * counts[sampled[j]] * sum
        if i == j { element += counts[sampled[i]] * rows[i].reduce(0, +) }
        hessian[i, j] = element
        hessian[j, i] = element
      }
    }
    guard let (values, vectors) = LinearAlgebra.symmetricEigenvalues(hessian),
      let largest = values.last, largest > 0
    else { return nil }
    var step = [Double](repeating: 0, count: size)
    for (index, value) in values.enumerated() where value > 1e-12 * largest {
      let vector = vectors.row(index)
      let amount = zip(vector, gradient).reduce(0) { $0 + $1.0 * $1.1 } / value
      for i in 0..<size { step[i] += amount * vector[i] }
    }
    let longest = step.reduce(0) { Swift.max($0, abs($1)) }
    guard longest.isFinite else { return nil }
    // Steps of many units come from samples without overlap; they are shortened.
    return longest > 20 ? step.map { $0 * 20 / longest } : step
  }

  /// Free energies from the acceptance ratio between neighbours in the order of the states.
  private func startingPoint() -> [Double] {
    var f = [Double](repeating: 0, count: stateCount)
    for (a, b) in zip(sampled, sampled.dropFirst()) {
      let (forward, reverse) = works(a, b)
      let equation = AcceptanceEquation(
        forward: forward, reverse: reverse, effectiveForward: Double(forward.count),
        effectiveReverse: Double(reverse.count))
      let difference = equation.root()
      f[b] = f[a] + (difference.isFinite ? difference : 0)
    }
    return f
  }

  /// Works of jumps between two states: u_b − u_a over the samples of a, and back over those of b.
  func works(_ a: Int, _ b: Int) -> (forward: [Double], reverse: [Double]) {
    func jumps(_ from: Int, _ to: Int) -> [Double] {
      let start = Int(counts[..<from].reduce(0, +))
      return (start..<start + Int(counts[from])).map {
        potentials[to * sampleCount + $0] - potentials[from * sampleCount + $0]
      }
    }
    return (jumps(a, b), jumps(b, a))
  }
}
