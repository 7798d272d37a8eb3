internal import Foundation
internal import NumericalCore

/// One layer as the mean-field equations see it: 0/1 units, or Gaussian ones, in double precision.
///
/// A Gaussian unit of mean m has variance σ² and no third cumulant, whatever its mean, so that its
/// equation is m = σ² h at every order.
struct MeanFieldLayer {
  let count: Int
  let isGaussian: Bool
  let biases: [Double]
  let variances: [Double]
  /// A native value is scale · x + shift of the value x here.
  let scale: Double
  let shift: Double

  init(_ layer: Layer, biases: [Double]) {
    count = layer.count
    isGaussian = layer.kind == .gaussian
    self.biases = biases
    variances = layer.variances.map(Double.init)
    scale = Double(layer.kind.bitScale)
    shift = Double(layer.kind.bitShift)
  }

  func value(native: Double) -> Double { (native - shift) / scale }
  func native(_ value: Double) -> Double { scale * value + shift }

  /// Variances and third cumulants of some rows of means, and their derivatives where asked for.
  func cumulants(
    of means: UnsafePointer<Double>, rows: Int, variance: UnsafeMutablePointer<Double>,
    third: UnsafeMutablePointer<Double>?
  ) {
    for row in 0..<rows {
      for unit in 0..<count {
        let k = row * count + unit
        if isGaussian {
          variance[k] = variances[unit]
          third?[k] = 0
        } else {
          let m = means[k]
          let v = m * (1 - m)
          variance[k] = v
          third?[k] = v * (1 - 2 * m)
        }
      }
    }
  }

  /// The derivatives v' and κ' of a unit of mean m.
  func derivatives(at m: Double) -> (variance: Double, third: Double) {
    isGaussian ? (0, 0) : (1 - 2 * m, 1 - 6 * m * (1 - m))
  }

  /// The means that solve the equations of the layer in given fields; guesses are taken and renewed.
  func solve(
    _ fields: MeanFieldFields, rows: Int, guesses: UnsafeMutablePointer<Double>,
    into means: UnsafeMutablePointer<Double>
  ) {
    for row in 0..<rows {
      for unit in 0..<count {
        let k = row * count + unit
        let (h, q, r) = fields[k, biases[unit]]
        if isGaussian {
          means[k] = variances[unit] * h
        } else {
          (guesses[k], means[k]) = MeanFieldUnit.solution(h: h, q: q, r: r, guess: guesses[k])
        }
      }
    }
  }

  /// max |m − f(m)| of a row of means, in native units.
  func residual(
    of means: UnsafePointer<Double>, _ fields: MeanFieldFields, row: Int
  ) -> Double {
    var largest = 0.0
    for unit in 0..<count {
      let k = row * count + unit
      let (h, q, r) = fields[k, biases[unit]]
      let image =
        isGaussian
        ? variances[unit] * h : MeanFieldUnit.image(of: means[k], h: h, q: q, r: r)
      let difference = scale * abs(means[k] - image)
      // NaN must not pass for small.
      if difference.isNaN { return .infinity }
      largest = Swift.max(largest, difference)
    }
    return largest
  }

  /// The part of the free energy that belongs to the layer alone: minus entropies, minus fields.
  func ownFreeEnergy(of means: UnsafePointer<Double>, row: Int) -> Double {
    var sum = 0.0
    for unit in 0..<count {
      let m = means[row * count + unit]
      sum -= biases[unit] * m
      if isGaussian {
        sum += m * m / (2 * variances[unit]) - log(2 * .pi * variances[unit]) / 2
      } else {
        sum += MeanFieldUnit.negativeEntropy(of: m)
      }
    }
    return sum
  }

  /// A first guess of the fields that go with some means.
  func guess(
    for means: UnsafePointer<Double>, count: Int, into guesses: UnsafeMutablePointer<Double>
  ) {
    guard !isGaussian else { return }
    for k in 0..<count { guesses[k] = logit(Swift.min(Swift.max(means[k], 1e-12), 1 - 1e-12)) }
  }
}

/// The fields of a batch of states on one layer, without biases: of means, variances, third cumulants.
struct MeanFieldFields {
  let first: UnsafeMutablePointer<Double>
  let second: UnsafeMutablePointer<Double>?
  let third: UnsafeMutablePointer<Double>?

  @inline(__always)
  subscript(_ k: Int, _ bias: Double) -> (h: Double, q: Double, r: Double) {
    (first[k] + bias, second?[k] ?? 0, third?[k] ?? 0)
  }
}
