internal import Foundation

/// Mean, second and third central moment (divided by n) of numbers.
struct CentralMoments {
  let count: Double
  let mean: Double
  let second: Double
  let third: Double

  init(_ values: [Double]) {
    let n = Double(values.count)
    let centre = values.reduce(0, +) / n
    var two = 0.0
    var three = 0.0
    for value in values {
      let d = value - centre
      two += d * d
      three += d * d * d
    }
    count = n
    mean = centre
    second = two / n
    third = three / n
  }

  /// The skewness of the mean of n such numbers.
  var skewnessOfMean: Double { second > 0 ? third / pow(second, 1.5) / count.squareRoot() : 0 }
}
