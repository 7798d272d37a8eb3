import Foundation
import NumericalCore
import SpectralTheory
import TestSupport
import Testing

@Suite struct NoiseBulkTests {
  private func values(
    _ rows: Int, _ columns: Int, planted: [Double] = [], sigma: Double = 1, seed: UInt64
  ) -> [Double] {
    LinearAlgebra.singularValues(
      PlantedMatrix(rows: rows, columns: columns, sigma: sigma, planted: planted, seed: seed)
        .matrix.map { Float($0) })
  }

  /// The interval of the width holds the truth, and a narrower one would not.
  @Test(arguments: [(60, 40), (40, 40), (20, 200)]) func theWidthIsKnownToItsInterval(
    rows: Int, columns: Int
  ) {
    let seed = testSeed(3)
    let trials = 120
    var covered = 0
    var coveredByThird = 0
    var falseOutliers = 0
    for trial in 0..<trials {
      let bulk = NoiseBulk(
        of: values(rows, columns, sigma: 0.5, seed: seed &+ UInt64(trial)), rows: rows,
        columns: columns)
      let truth = 0.5 / pow(Double(rows * columns), 0.25)
      let estimate = bulk.entryDeviation
      if estimate.interval.contains(truth) { covered += 1 }
      if abs(estimate.value - truth) < estimate.halfWidth / 3 { coveredByThird += 1 }
      falseOutliers += bulk.outliers
    }
    // The stated 95 %, or a little more or less: the constant is of simulation.
    let accepted = binomialAcceptance(trials: trials, probability: 0.95, alpha: 1e-6)
    #expect(accepted.contains(covered), "\(covered) of \(trials), seed \(seed)")
    #expect(!accepted.contains(coveredByThird), "\(coveredByThird)")
    // One in a thousand matrices has an outlier by chance.
    #expect(
      falseOutliers <= binomialAcceptance(trials: trials, probability: 2e-3, alpha: 1e-6).upperBound
    )
  }

  @Test func outliersAreCountedAndDoNotMoveTheWidth() {
    let planted = [20.0, 9, 5, 4, 3, 2.5, 2]
    let bulk = NoiseBulk(
      of: values(300, 200, planted: planted, seed: testSeed(4)), rows: 300, columns: 200)
    #expect(bulk.outliers == planted.count)
    #expect(bulk.fits, "\(bulk.entryDeviation)")
    #expect(isClose(bulk.sigma, 1, relative: 0.03))
    #expect(bulk.law.rows == 293 && bulk.law.columns == 193)
    #expect(bulk.threshold > bulk.edges.upperBound)
  }

  @Test func whatIsNoNoiseIsToldApart() {
    // Half of the rows have twice the width: a bulk, but not of equal entries.
    var random = RandomStream(seed: testSeed(5), purpose: .test)
    let uneven = Matrix<Float>(
      rows: 400, columns: 200,
      elements: (0..<80_000).map { Float((($0 / 200) % 2 == 0 ? 3 : 1) * random.normal()) })
    let bulk = NoiseBulk(of: LinearAlgebra.singularValues(uneven), rows: 400, columns: 200)
    #expect(!bulk.fits)
    // Equal values, a law of powers, and no values at all.
    #expect(!NoiseBulk(of: [Double](repeating: 1, count: 50), rows: 50, columns: 80).fits)
    #expect(!NoiseBulk(of: (1...50).map { 1 / Double($0 * $0) }, rows: 50, columns: 80).fits)
    let zeros = NoiseBulk(of: [Double](repeating: 0, count: 50), rows: 50, columns: 80)
    #expect(!zeros.fits && zeros.outliers == 0)
    let one = NoiseBulk(of: [2], rows: 1, columns: 5)
    #expect(one.outliers == 0 && one.entryDeviation.value > 0 && !one.fits)
    // Rounding of one mode is no noise, and no further mode.
    let rank = NoiseBulk(of: [3] + [Double](repeating: 1e-8, count: 49), rows: 50, columns: 80)
    #expect(!rank.fits && rank.outliers == 1)
  }
}
