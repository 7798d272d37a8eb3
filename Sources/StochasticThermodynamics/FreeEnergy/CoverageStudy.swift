internal import Foundation
package import NumericalCore

/// How often intervals of free energies contain the truth, on processes that have a known one.
///
/// Works are drawn again and again; an estimator is as good as its word when the truth lies in 95 % of the
/// intervals that it calls resolved.
package struct CoverageStudy: Sendable {
  /// A process whose works can be drawn and whose ΔF is known.
  package enum Process: Sendable, Equatable, CustomStringConvertible {
    /// Gaussian work of standard deviation σ in both directions; ΔF = 2.
    case gaussian(deviation: Double)
    /// A harmonic trap whose stiffness jumps from 1 to κ; ΔF = ½ ln κ.
    case trap(stiffness: Double)
    /// Two states whose energies jump so that the upper one's probability goes from p to q;
    /// ΔF = ln((1 − q)/(1 − p)).
    case twoStates(from: Double, to: Double)
    /// A ladder of K harmonic oscillators, each stiffer than the last by the factor and shifted by the
    /// distance in units of its width; ΔF = ½ (K − 1) ln κ between the ends.
    case ladder(states: Int, stiffness: Double, shift: Double)

    /// Name and parameters, in two words.
    package var description: String {
      switch self {
      case .gaussian(let deviation): "gaussian \(deviation)"
      case .trap(let stiffness): "trap \(stiffness)"
      case .twoStates(let p, let q): "two-states \(p),\(q)"
      case .ladder(let states, let stiffness, let shift):
        "ladder \(states),\(stiffness),\(shift)"
      }
    }

    package var freeEnergyDifference: Double {
      switch self {
      case .gaussian: 2
      case .trap(let stiffness): 0.5 * log(stiffness)
      case .twoStates(let p, let q): log1p(-q) - log1p(-p)
      case .ladder(let states, let stiffness, _): 0.5 * Double(states - 1) * log(stiffness)
      }
    }

    /// Works of one direction; none for a ladder.
    package func works(_ count: Int, reverse: Bool, _ random: inout RandomStream) -> [Double] {
      switch self {
      case .gaussian(let deviation):
        let mean = (reverse ? -2 : 2) + deviation * deviation / 2
        return (0..<count).map { _ in mean + deviation * random.normal() }
      case .trap(let stiffness):
        let scale = reverse ? -0.5 * (stiffness - 1) / stiffness : 0.5 * (stiffness - 1)
        return (0..<count).map { _ in
          let z = random.normal()
          return scale * z * z
        }
      case .twoStates(let p, let q):
        let jump = logit(p) - logit(q)
        return (0..<count).map { _ in
          random.uniform() < (reverse ? q : p) ? (reverse ? -jump : jump) : 0
        }
      case .ladder: return []
      }
    }

    /// Reduced potentials with `count` samples a state; nothing but for a ladder.
    package func potentials(_ count: Int, _ random: inout RandomStream) -> Matrix<Double> {
      guard case .ladder(let states, let stiffness, let shift) = self else {
        return Matrix(rows: 0, columns: 0)
      }
      var u = Matrix<Double>(rows: states, columns: states * count)
      let widths = (0..<states).map { pow(stiffness, -0.5 * Double($0)) }
      var centres = [0.0]
      for k in 1..<states { centres.append(centres[k - 1] + shift * widths[k]) }
      for k in 0..<states {
        for n in 0..<count {
          let x = centres[k] + widths[k] * random.normal()
          for l in 0..<states {
            let d = (x - centres[l]) / widths[l]
            u[l, k * count + n] = 0.5 * d * d
          }
        }
      }
      return u
    }
  }

  /// An estimator of the study.
  package enum Method: String, Sendable, CaseIterable, Encodable {
    case exponential, bennett, multistate
  }

  /// What is drawn and how it is estimated.
  package struct Cell: Sendable {
    package var method: Method
    package var process: Process
    package var forward: Int
    package var reverse: Int

    package init(_ method: Method, _ process: Process, _ forward: Int, _ reverse: Int) {
      self.method = method
      self.process = process
      self.forward = forward
      self.reverse = reverse
    }
  }

  /// One row of the table.
  package struct Row: Sendable, Encodable {
    package var method: Method
    package var process: String
    /// Trajectories (samples a state, for a ladder).
    package var forward: Int
    package var reverse: Int
    package var repeats: Int
    package var resolved = 0
    /// Resolved intervals that contain the truth.
    package var covered = 0
    /// Intervals that contain the truth, whatever the verdict.
    package var coveredAll = 0
    /// Mean length of resolved intervals.
    package var width = 0.0
    /// Mean overlap of all repeats.
    package var overlap = 0.0
  }

  /// Repeats of each cell.
  package var repeats = 1000
  /// The seed.
  package var seed: UInt64 = 1
  /// Intervals are scaled by this around their value: a smaller one is a mutant that must be seen.
  package var scale = 1.0
  /// The threads; results do not depend on their number.
  package var workers = Workers(count: 1)

  package init() {}

  /// Draws a cell again and again and counts.
  package func row(_ cell: Cell, index: Int) -> Row {
    let truth = cell.process.freeEnergyDifference
    let outcomes = Outcomes(count: repeats)
    workers.forEach(repeats) { trial in
      var random = RandomStream(
        seed: seed, purpose: .modelSystem, index: UInt64(trial), step: UInt64(index))
      outcomes.store(estimate(cell, &random), at: trial)
    }
    var row = Row(
      method: cell.method, process: cell.process.description, forward: cell.forward,
      reverse: cell.reverse, repeats: repeats)
    for result in outcomes.values {
      let value = result.value
      let low = value + scale * (result.estimate.interval.lowerBound - value)
      let high = value + scale * (result.estimate.interval.upperBound - value)
      let covers = low <= truth && truth <= high
      row.overlap += (result.overlap ?? 0) / Double(repeats)
      if covers { row.coveredAll += 1 }
      guard result.isResolved else { continue }
      row.resolved += 1
      if covers { row.covered += 1 }
      row.width += high - low
    }
    row.width /= Double(Swift.max(1, row.resolved))
    return row
  }

  private func estimate(_ cell: Cell, _ random: inout RandomStream) -> FreeEnergyDifference {
    switch cell.method {
    case .exponential:
      return ExponentialAverage.freeEnergyDifference(
        works: cell.process.works(cell.forward, reverse: false, &random))
    case .bennett:
      let forward = cell.process.works(cell.forward, reverse: false, &random)
      let reverse = cell.process.works(cell.reverse, reverse: true, &random)
      return BennettAcceptanceRatio.freeEnergyDifference(forward: forward, reverse: reverse)
    case .multistate:
      let u = cell.process.potentials(cell.forward, &random)
      let counts = [Int](repeating: cell.forward, count: u.rows)
      let solved = try? MultistateBennettAcceptanceRatio(reducedPotentials: u, counts: counts)
      return solved?.freeEnergies.last
        ?? FreeEnergyDifference(estimate: .unresolved("no states", method: "none"))
    }
  }

  /// Estimates that threads store in their own places.
  private final class Outcomes: @unchecked Sendable {
    private let lock = NSLock()
    /// Guarded by `lock` while threads work.
    private(set) var values: [FreeEnergyDifference]

    init(count: Int) {
      values = [FreeEnergyDifference](
        repeating: FreeEnergyDifference(estimate: .unresolved("not run", method: "none")),
        count: count)
    }

    func store(_ value: FreeEnergyDifference, at index: Int) {
      lock.lock()
      defer { lock.unlock() }
      values[index] = value
    }
  }
}
