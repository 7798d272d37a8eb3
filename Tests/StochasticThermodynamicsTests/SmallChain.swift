import Foundation
import NumericalCore

/// A Markov chain that is small enough to be enumerated, in contact with a bath.
struct SmallChain {
  let energies: [Double]

  typealias Kernel = [[Double]]

  func equilibrium(_ inverseTemperature: Double) -> [Double] {
    let logs = energies.map { -inverseTemperature * $0 }
    let total = logSumExp(logs)
    return logs.map { exp($0 - total) }
  }

  /// Redraws the state within its class, with the odds of the bath.
  func heatBath(_ inverseTemperature: Double, classes: [Int]) -> Kernel {
    energies.indices.map { i in
      let logs = energies.indices.map {
        classes[$0] == classes[i] ? -inverseTemperature * energies[$0] : -.infinity
      }
      let total = logSumExp(logs)
      return logs.map { exp($0 - total) }
    }
  }

  static func product(_ a: Kernel, _ b: Kernel) -> Kernel {
    a.map { row in
      b[0].indices.map { j in row.indices.reduce(0) { $0 + row[$1] * b[$1][j] } }
    }
  }

  /// All heats between equilibrium at β₁ and the kernel of a bath, with their probabilities.
  func heats(from inverseTemperature: Double, _ kernel: Kernel) -> [(heat: Double, weight: Double)]
  {
    let start = equilibrium(inverseTemperature)
    return energies.indices.flatMap { i in
      energies.indices.map { (energies[$0] - energies[i], start[i] * kernel[i][$0]) }
    }
  }

  /// Heats of independent trajectories.
  func sample(_ law: [(heat: Double, weight: Double)], count: Int, seed: UInt64) -> [Double] {
    var sum = 0.0
    let cumulative = law.map { entry -> Double in
      sum += entry.weight
      return sum
    }
    var random = RandomStream(seed: seed, purpose: .test)
    return (0..<count).map { _ in
      let u = random.uniform() * sum
      return law[cumulative.firstIndex { $0 >= u } ?? law.count - 1].heat
    }
  }

  /// Two blocks of three states each, redrawn in turn.
  static func blocks(seed: UInt64 = 3) -> SmallChain {
    var random = RandomStream(seed: seed, purpose: .test, index: 77)
    return SmallChain(energies: (0..<9).map { _ in 1.5 * random.normal() })
  }

  /// The moves of ``blocks(seed:)``: h redraws the second block, v the first.
  func moves(_ inverseTemperature: Double) -> (h: Kernel, v: Kernel) {
    (
      heatBath(inverseTemperature, classes: [0, 0, 0, 1, 1, 1, 2, 2, 2]),
      heatBath(inverseTemperature, classes: [0, 1, 2, 0, 1, 2, 0, 1, 2])
    )
  }
}
