import Foundation
import NumericalCore
import StochasticThermodynamics
import TestSupport
import Testing

/// Free energies beside those of pymbar 4.0.3 on the same numbers (`Fixtures/make-fixtures.py`).
@Suite struct FreeEnergyGoldenTests {
  struct Goldens: Decodable {
    let cases: [Works]
    let ladders: [Ladder]
  }

  struct Works: Decodable {
    let name: String
    let exact: Double
    let forward: [Double]
    let reverse: [Double]
    let exp: Double
    let expReverse: Double
    let gauss: Double
    let bar: Double
    let barError: Double
    let barOverlap: Double
  }

  struct Ladder: Decodable {
    let name: String
    let counts: [Int]
    let potentials: [[Double]]
    let free: [Double]
    let errors: [[Double]]
    let overlap: [[Double]]
    let gap: Double
    let effective: [Double]
  }

  static let fixtures = packageRoot.appendingPathComponent(
    "Tests/StochasticThermodynamicsTests/Fixtures")

  private func goldens() throws -> Goldens {
    let file = FreeEnergyGoldenTests.fixtures.appendingPathComponent("pymbar.json")
    return try JSONDecoder().decode(Goldens.self, from: Data(contentsOf: file))
  }

  @Test func estimatesFromWorksAgree() throws {
    for golden in try goldens().cases {
      let name = golden.name
      let tolerance = 1e-6
      let forward = ExponentialAverage.freeEnergyDifference(works: golden.forward)
      #expect(abs(forward.value - golden.exp) < tolerance, "\(name)")
      let reverse = ExponentialAverage.freeEnergyDifference(works: golden.reverse)
      #expect(abs(reverse.value - golden.expReverse) < tolerance, "\(name)")
      let bar = BennettAcceptanceRatio.freeEnergyDifference(
        forward: golden.forward, reverse: golden.reverse)
      #expect(abs(bar.value - golden.bar) < tolerance, "\(name): \(bar.value) \(golden.bar)")
      #expect(abs((bar.overlap ?? 0) - golden.barOverlap) < tolerance, "\(name)")
      // pymbar divides the variance by n, which biases it; ours is unbiased.
      let n = Double(golden.forward.count)
      let mean = golden.forward.reduce(0, +) / n
      let cumulant = SecondCumulant.freeEnergyDifference(works: golden.forward)
      let biased = mean + (cumulant.value - mean) * (n - 1) / n
      #expect(abs(biased - golden.gauss) < tolerance, "\(name)")
    }
  }

  @Test func multistateAgrees() throws {
    for golden in try goldens().ladders {
      let states = golden.counts.count
      let u = Matrix(
        rows: states, columns: golden.potentials[0].count,
        elements: golden.potentials.flatMap { $0 })
      let mbar = try MultistateBennettAcceptanceRatio(
        reducedPotentials: u, counts: golden.counts)
      #expect(mbar.converged)
      #expect(abs(mbar.overlap - golden.gap) < 1e-6, "\(golden.name)")
      for i in 0..<states {
        #expect(abs(mbar.freeEnergies[i].value - golden.free[i]) < 1e-6, "\(golden.name)")
        #expect(
          isClose(mbar.effectiveSampleSizes[i], golden.effective[i], relative: 1e-6),
          "\(golden.name)")
        for j in 0..<states {
          #expect(
            abs(mbar.asymptoticError(from: i, to: j) - golden.errors[i][j]) < 1e-6,
            "\(golden.name)")
          #expect(abs(mbar.overlapMatrix[i, j] - golden.overlap[i][j]) < 1e-6, "\(golden.name)")
        }
      }
    }
  }

  @Test func filesOfPymbarUsersAreRead() throws {
    let goldens = try goldens()
    let works = try WorkTable(
      path: FreeEnergyGoldenTests.fixtures.appendingPathComponent("works.npz").path)
    #expect(works.forward == goldens.cases[1].forward)
    #expect(works.reverse == goldens.cases[1].reverse)
    let potentials = try ReducedPotentials(
      path: FreeEnergyGoldenTests.fixtures.appendingPathComponent("potentials.npz").path)
    #expect(potentials.counts == goldens.ladders[0].counts)
    #expect(potentials.potentials.row(2) == goldens.ladders[0].potentials[2])
  }
}
