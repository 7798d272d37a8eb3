import Foundation
import NumericalCore
import SpectralTheory
import TestSupport
import Testing

@Suite struct MarchenkoPasturLawTests {
  static let shapes = [(1000, 500), (500, 1000), (300, 300), (1000, 10), (784, 500)]

  /// Theory 2.4: κ = 1/2.
  @Test func edgesAndOutliersAreThoseOfTheTheory() throws {
    let law = MarchenkoPasturLaw(rows: 2000, columns: 1000, sigma: 1)
    #expect(isClose(law.edges.lowerBound, 0.3483, absolute: 5e-5))
    #expect(isClose(law.edges.upperBound, 2.0301, absolute: 5e-5))
    for (planted, location) in [(1.2, 2.063), (1.5, 2.194), (2, 2.524)] {
      #expect(isClose(law.outlier(planted: planted), location, absolute: 5e-4))
    }
  }

  @Test(arguments: shapes) func theDistributionIsTheIntegralOfTheDensity(
    rows: Int, columns: Int
  ) {
    let law = MarchenkoPasturLaw(rows: rows, columns: columns, sigma: 0.7)
    let (low, high) = (law.edges.lowerBound, law.edges.upperBound)
    // x = (low + high)/2 − (high − low)/2 cos φ takes the square roots at the edges away.
    let steps = 20_000
    var integral = 0.0
    for step in 0..<steps {
      let phi = (Double(step) + 0.5) * .pi / Double(steps)
      let x = (low + high) / 2 - (high - low) / 2 * cos(phi)
      integral += law.density(x) * (high - low) / 2 * sin(phi) * .pi / Double(steps)
      let end = (low + high) / 2 - (high - low) / 2 * cos(phi + 0.5 * .pi / Double(steps))
      if step % 997 == 0 { #expect(isClose(integral, law.cumulative(end), absolute: 1e-6)) }
    }
    #expect(isClose(integral, 1, absolute: 1e-6))
    for p in [0.01, 0.3, 0.5, 0.99] {
      #expect(isClose(law.cumulative(law.quantile(p)), p, absolute: 1e-12))
    }
    #expect(law.cumulative(low) == 0 && law.cumulative(high) == 1)
    #expect(law.density(low - 1e-9) == 0 && law.density(high + 1e-9) == 0)
    // A matrix and its transpose have the same singular values.
    let other = MarchenkoPasturLaw(rows: columns, columns: rows, sigma: 0.7)
    #expect(other.cumulative((low + high) / 2) == law.cumulative((low + high) / 2))
    #expect(isClose(law.entryDeviation * pow(Double(rows * columns), 0.25), 0.7))
    #expect(
      isClose(
        MarchenkoPasturLaw(
          rows: rows, columns: columns, entryDeviation: law.entryDeviation
        ).sigma, 0.7))
  }

  @Test func outliersAreFoundBack() {
    for (rows, columns) in Self.shapes {
      let law = MarchenkoPasturLaw(rows: rows, columns: columns, sigma: 0.3)
      for planted in [0.31, 0.4, 1, 30] {
        let seen = law.outlier(planted: planted)
        #expect(seen > law.edges.upperBound)
        #expect(isClose(law.planted(outlier: seen) ?? 0, planted, relative: 1e-7))
        let overlaps = law.squaredOverlaps(planted: planted)
        #expect((0...1).contains(overlaps.left) && (0...1).contains(overlaps.right))
      }
      #expect(law.outlier(planted: 0.2) == law.edges.upperBound)
      #expect(law.planted(outlier: law.edges.upperBound) == nil)
      #expect(law.squaredOverlaps(planted: 0.3) == (0, 0))
      #expect(isClose(law.squaredOverlaps(planted: 300).left, 1, absolute: 1e-4))
    }
  }

  /// Noise with three planted modes: outliers and overlaps against the formulas, over 16 matrices.
  ///
  /// Each mean may stray by Student's bound at α = 1e-6 and by 0.02, the corrections of 1/N at N = 300
  /// (0.01 by simulation). Left and right exchanged are told apart.
  @Test func plantedModesShowWhereAndAsMuchAsPredicted() throws {
    let (rows, columns, trials) = (600, 300, 16)
    let planted = [3.0, 2, 1.5, 0.8]
    let law = MarchenkoPasturLaw(rows: rows, columns: columns, sigma: 1)
    var values = planted.map { _ in StreamingMoments() }
    var left = values
    var right = values
    let seed = testSeed(2)
    for trial in 0..<trials {
      let sample = PlantedMatrix(
        rows: rows, columns: columns, sigma: 1, planted: planted, seed: seed &+ UInt64(trial))
      let modes = LinearAlgebra.singularValueDecomposition(sample.matrix)
      func overlap(_ a: [Double], _ b: [Double]) -> Double {
        let product = zip(a, b).reduce(0) { $0 + $1.0 * $1.1 }
        return product * product
      }
      for mode in planted.indices {
        values[mode].add(modes.values[mode])
        left[mode].add(overlap(modes.left.row(mode), sample.left.row(mode)))
        right[mode].add(overlap(modes.right.row(mode), sample.right.row(mode)))
      }
    }
    let t = studentQuantile(1 - 5e-7, degreesOfFreedom: Double(trials - 1))
    func agrees(_ moments: StreamingMoments, _ expected: Double) -> Bool {
      abs(moments.mean - expected) < t * moments.standardError + 0.02
    }
    for (mode, w) in planted.prefix(3).enumerated() {
      let expected = law.squaredOverlaps(planted: w)
      #expect(agrees(values[mode], law.outlier(planted: w)), "\(w): \(values[mode].mean)")
      #expect(agrees(left[mode], expected.left), "\(w): \(left[mode].mean), seed \(seed)")
      #expect(agrees(right[mode], expected.right), "\(w): \(right[mode].mean), seed \(seed)")
    }
    let strong = law.squaredOverlaps(planted: 3)
    #expect(!agrees(left[0], strong.right) && !agrees(right[0], strong.left))
    // The fourth is below the threshold: it does not stand out, and its direction is lost.
    #expect(values[3].mean < law.edges.upperBound + 0.02)
    #expect(left[3].mean < 0.1 && right[3].mean < 0.1)
  }

  @Test func singularValuesOfNoiseFollowTheLaw() {
    let (rows, columns) = (600, 300)
    let noise = PlantedMatrix(
      rows: rows, columns: columns, sigma: 1, planted: [0], seed: testSeed(9))
    let values = LinearAlgebra.singularValues(noise.matrix.map { Float($0) })
    func distance(_ rows: Int, _ columns: Int, _ sigma: Double) -> Double {
      MarchenkoPasturLaw(rows: rows, columns: columns, sigma: sigma).distance(of: values)
    }
    // Noise of 300 values has 0.010 ± 0.002 (simulation); independent draws would have 0.05.
    #expect(distance(rows, columns, 1) < 0.03)
    // Mutants: another width, another shape.
    #expect(distance(rows, columns, 1.1) > 0.04)
    #expect(distance(rows, rows, 1) > 0.1)
  }
}

/// Noise with planted modes, and the modes.
struct PlantedMatrix {
  let matrix: Matrix<Double>
  /// One planted vector a row.
  let left: Matrix<Double>
  let right: Matrix<Double>

  init(rows: Int, columns: Int, sigma: Double, planted: [Double], seed: UInt64) {
    var random = RandomStream(seed: seed, purpose: .test)
    func draw(_ rows: Int, _ columns: Int) -> Matrix<Double> {
      Matrix(
        rows: rows, columns: columns, elements: (0..<rows * columns).map { _ in random.normal() })
    }
    func unit(_ matrix: Matrix<Double>) -> Matrix<Double> {
      LinearAlgebra.singularValueDecomposition(matrix).right
    }
    left = unit(draw(planted.count, rows))
    right = unit(draw(planted.count, columns))
    let signal = SingularValueDecomposition(values: planted, left: left, right: right).matrix
    let scale = sigma / pow(Double(rows * columns), 0.25)
    matrix = LinearAlgebra.sum(signal, draw(rows, columns), factor: scale)
  }
}
