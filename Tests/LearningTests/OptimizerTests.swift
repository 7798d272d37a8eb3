import Foundation
import Learning
import NumericalCore
import TestSupport
import Testing

@Suite struct OptimizerTests {
  private func run(
    _ rule: OptimizationRule, gradients: [Float], rate: Double, rows: Int = 1, threads: Int = 1
  ) -> [Float] {
    var optimizer = Optimizer(rule: rule, shapes: [(rows, 3)])
    var parameters = Matrix<Float>(rows: rows, columns: 3)
    var path: [Float] = []
    for value in gradients {
      let gradient = Matrix<Float>(
        rows: rows, columns: 3, elements: [Float](repeating: value, count: 3 * rows))
      optimizer.beginUpdate()
      optimizer.apply(
        slot: 0, gradient: gradient, to: &parameters, rate: rate, workers: Workers(count: threads))
      path.append(parameters[rows - 1, 2])
    }
    return path
  }

  @Test func gradientAscentIsTheSumOfItsSteps() {
    let path = run(.gradientAscent(momentum: 0), gradients: [1, 2, -4], rate: 0.5)
    #expect(path == [0.5, 1.5, -0.5])
  }

  /// m: 1, 2.5, −2.75.
  @Test func momentumRemembers() {
    let path = run(.gradientAscent(momentum: 0.5), gradients: [1, 2, -4], rate: 1)
    #expect(path == [1, 3.5, 0.75])
  }

  /// The recursion of the paper, in double precision.
  @Test func adamIsThePaper() {
    let gradients: [Float] = [0.5, -1, 2, 0.25, 0.25, -3]
    let path = run(
      .adam(firstDecay: 0.9, secondDecay: 0.999, epsilon: 1e-8), gradients: gradients, rate: 0.01)
    var (m, s, theta) = (0.0, 0.0, 0.0)
    for (t, g) in gradients.map(Double.init).enumerated() {
      m = 0.9 * m + 0.1 * g
      s = 0.999 * s + 0.001 * g * g
      let mean = m / (1 - pow(0.9, Double(t + 1)))
      let square = s / (1 - pow(0.999, Double(t + 1)))
      theta += 0.01 * mean / (square.squareRoot() + 1e-8)
      #expect(isClose(Double(path[t]), theta, relative: 1e-5, absolute: 1e-7))
    }
    // The first step is the rate, whatever the gradient.
    #expect(isClose(Double(path[0]), 0.01, relative: 1e-5))
  }

  @Test func threadsDoNotChangeTheBits() {
    for rule in [
      OptimizationRule.gradientAscent(momentum: 0.9),
      .adam(firstDecay: 0.9, secondDecay: 0.999, epsilon: 1e-8),
    ] {
      let one = run(rule, gradients: [0.1, 0.7, -0.3], rate: 0.1, rows: 100)
      #expect(run(rule, gradients: [0.1, 0.7, -0.3], rate: 0.1, rows: 100, threads: 3) == one)
    }
  }
}
