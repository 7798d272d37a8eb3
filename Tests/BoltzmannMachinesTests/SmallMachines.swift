import Foundation
import NumericalCore

@testable import BoltzmannMachines

/// Machines small enough to enumerate, one for each pairing of units.
struct Pairing: Sendable, CustomStringConvertible {
  let visible: UnitKind
  let hidden: UnitKind

  var description: String { "\(visible.name)-\(hidden.name)" }

  static let all: [Pairing] = [
    .init(visible: .bernoulli, hidden: .bernoulli), .init(visible: .bernoulli, hidden: .spin),
    .init(visible: .bernoulli, hidden: .gaussian), .init(visible: .spin, hidden: .bernoulli),
    .init(visible: .spin, hidden: .spin), .init(visible: .spin, hidden: .gaussian),
    .init(visible: .potts(colours: 3), hidden: .bernoulli),
    .init(visible: .potts(colours: 3), hidden: .spin),
    .init(visible: .potts(colours: 3), hidden: .gaussian),
    .init(visible: .gaussian, hidden: .bernoulli), .init(visible: .gaussian, hidden: .spin),
    .init(visible: .gaussian, hidden: .gaussian),
  ]

  static let discreteVisible = all.filter { $0.visible != .gaussian }
  static let discrete = discreteVisible.filter { $0.hidden != .gaussian }

  /// A machine with normal parameters of the given scale.
  func machine(
    visible count: Int = 4, hidden hiddenCount: Int = 3, scale: Double = 0.7, seed: UInt64
  ) -> RestrictedBoltzmannMachine {
    var random = RandomStream(seed: seed, purpose: .test)
    var machine = RestrictedBoltzmannMachine(
      visible: Layer(kind: visible, count: count), hidden: Layer(kind: hidden, count: hiddenCount))
    let bothGaussian = visible == .gaussian && hidden == .gaussian
    let strength = bothGaussian ? 0.15 : scale
    for i in 0..<machine.visible.size {
      machine.visible.biases[i] = Float(scale * random.normal())
      for j in 0..<hiddenCount { machine.weights[i, j] = Float(strength * random.normal()) }
    }
    for j in 0..<hiddenCount { machine.hidden.biases[j] = Float(scale * random.normal()) }
    for i in machine.visible.variances.indices {
      machine.visible.variances[i] = Float(0.5 + random.uniform())
    }
    for j in machine.hidden.variances.indices {
      machine.hidden.variances[j] = Float(0.5 + random.uniform())
    }
    return machine
  }
}

/// Every state of a layer, as states and as native values.
func allStates(of layer: Layer) -> (states: StateMatrix, values: [[Double]]) {
  let states: StateMatrix
  switch layer.kind {
  case .bernoulli, .spin:
    var bits = BitMatrix(rows: 1 << layer.count, columns: layer.count)
    for r in 0..<bits.rows {
      for i in 0..<layer.count { bits[r, i] = r >> i & 1 == 1 }
    }
    states = .bits(bits)
  case .potts(let colours):
    let rows = (0..<layer.count).reduce(1) { n, _ in n * colours }
    var matrix = Matrix<UInt8>(rows: rows, columns: layer.count)
    for r in 0..<rows {
      var rest = r
      for i in 0..<layer.count {
        matrix[r, i] = UInt8(rest % colours)
        rest /= colours
      }
    }
    states = .colours(matrix, count: colours)
  case .gaussian: preconditionFailure("continuous units cannot be enumerated")
  }
  let values = (0..<states.rows).map {
    RestrictedBoltzmannMachine.values(of: states, row: $0, in: layer)
  }
  return (states, values)
}

/// Which row of ``allStates(of:)`` a row of states is.
func stateIndex(_ states: StateMatrix, row: Int) -> Int {
  switch states {
  case .bits(let bits): return (0..<bits.columns).reduce(0) { $0 | (bits[row, $1] ? 1 << $1 : 0) }
  case .colours(let colours, let count):
    return (0..<colours.columns).reversed().reduce(0) { $0 * count + Int(colours[row, $1]) }
  case .reals: preconditionFailure("continuous units cannot be enumerated")
  }
}

/// How often each of ``allStates(of:)`` stands in the rows.
func stateCounts(_ states: StateMatrix, of bins: Int) -> [Int] {
  var counts = [Int](repeating: 0, count: bins)
  for r in 0..<states.rows { counts[stateIndex(states, row: r)] += 1 }
  return counts
}

/// Rows drawn exactly from p(v).
func exactStates(
  of machine: RestrictedBoltzmannMachine, count: Int, seed: UInt64
) -> StateMatrix {
  let states = allStates(of: machine.visible).states
  var cumulative: [Double] = []
  for p in machine.visibleProbabilities { cumulative.append((cumulative.last ?? 0) + p) }
  var random = RandomStream(seed: seed, purpose: .test, index: 9)
  return states.selectingRows(
    (0..<count).map { _ in
      let u = random.uniform()
      return min(cumulative.firstIndex { u < $0 } ?? 0, states.rows - 1)
    })
}

extension RestrictedBoltzmannMachine {
  /// ln Z by summing over the visible states, hidden units summed out in closed form.
  var bruteForceLogPartitionFunction: Double {
    logSumExp(allStates(of: visible).values.map { -freeEnergy(ofVisible: $0) })
  }

  /// p(v) of every visible state.
  var visibleProbabilities: [Double] {
    let energies = allStates(of: visible).values.map { -freeEnergy(ofVisible: $0) }
    let logZ = logSumExp(energies)
    return energies.map { exp($0 - logZ) }
  }

  /// The probability of a state of a layer of discrete units in the given fields.
  static func probability(of values: [Double], in layer: Layer, fields: [Double]) -> Double {
    var log = -logPartition(of: layer, fields: fields)
    for i in 0..<values.count { log += values[i] * fields[i] }
    return exp(log)
  }
}
