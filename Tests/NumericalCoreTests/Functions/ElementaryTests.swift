import NumericalCore
import TestSupport
import Testing

@Suite struct ElementaryTests {
  // (x, softplus, logistic, ln cosh); mpmath 1.3 with 40 digits.
  static let reference: [(Double, Double, Double, Double)] = [
    (-800, 0, 0, 799.3068528194401),
    (-40, 4.248354255291589e-18, 4.248354255291589e-18, 39.30685281944005),
    (-1.5, 0.2014132779827524, 0.18242552380635635, 0.8554401710137968),
    (-1e-9, 0.6931471800599454, 0.49999999975, 5e-19),
    (0, 0.6931471805599453, 0.5, 0),
    (1e-5, 0.6931521805724453, 0.5000025, 4.9999999999166676e-11),
    (0.3, 0.8543552444685271, 0.574442516811659, 0.04434076992594031),
    (0.999, 1.312530727260701, 0.7308619212737824, 0.4330194464208848),
    (2.5, 2.5788897342925496, 0.9241418199787564, 1.8135681679291729),
    (36, 36.0, 0.9999999999999998, 35.30685281944005),
    (900, 900, 1, 899.3068528194401),
  ]

  @Test func `agree with many digits`() {
    for (x, plus, probability, cosh) in Self.reference {
      #expect(isClose(softplus(x), plus, relative: 1e-15, absolute: 1e-300), "x = \(x)")
      #expect(isClose(logistic(x), probability, relative: 1e-15, absolute: 1e-300), "x = \(x)")
      #expect(isClose(logCosh(x), cosh, relative: 1e-15), "x = \(x)")
      #expect(logCosh(-x) == logCosh(x))
    }
  }

  @Test func `logit inverts the logistic function`() {
    for x in stride(from: -30.0, through: 30, by: 0.37) {
      // Above, 1 − p has few digits left.
      #expect(isClose(logit(logistic(x)), x, relative: 1e-13, absolute: 3e-16 / logistic(-x)))
    }
    #expect(logit(0) == -.infinity)
    #expect(logit(1) == .infinity)
    #expect(logit(0.5) == 0)
    #expect(isClose(logit(0.5 + 1e-10), 4e-10, relative: 1e-6))
  }

  @Test func `limits are finite or infinite, never NaN`() {
    #expect(softplus(.infinity) == .infinity)
    #expect(softplus(-.infinity) == 0)
    #expect(logistic(.infinity) == 1)
    #expect(logistic(-.infinity) == 0)
    #expect(logCosh(.infinity) == .infinity)
    #expect(logAddExp(-.infinity, -.infinity) == -.infinity)
    #expect(logAddExp(.infinity, .infinity) == .infinity)
    #expect(logAddExp(.infinity, -.infinity) == .infinity)
    #expect(logAddExp(-.infinity, 3) == 3)
    #expect(logAddExp(.nan, 3).isNaN)
    #expect(logAddExp(3, .nan).isNaN)
  }

  @Test func `logAddExp adds`() {
    for a in [-1000.0, -3, 0, 0.5, 700] {
      for difference in [0.0, 1e-9, 1, 20, 800] {
        let expected = a + softplus(difference)
        #expect(isClose(logAddExp(a, a + difference), expected, relative: 1e-15, absolute: 1e-15))
        #expect(logAddExp(a, a + difference) == logAddExp(a + difference, a))
      }
    }
  }
}
