internal import Foundation
public import NumericalCore

/// A spiral in the plane, the usual first test of a diffusion.
///
/// ```
/// c(φ) = (φ (cos φ, sin φ) − m)/k,   φ uniform from 3π/2 to 9π/2
/// ```
///
/// with the mean m, and k such that curve and thickness together have average second moment 1.
public struct SwissRoll: Sendable, Equatable {
  /// The standard deviation of the round Gaussian noise about the curve, in the scaled plane.
  public let thickness: Double
  /// The length of the scaled curve.
  public let arcLength: Double
  private let centre: SIMD2<Double>
  private let scale: Double

  /// A roll of the given thickness in [0, 1).
  public init(thickness: Double = 0.02) {
    precondition(thickness >= 0 && thickness < 1, "a thickness of \(thickness)")
    self.thickness = thickness
    // Integrals over φ in midpoints.
    let count = 20_000
    var (centre, second, length) = (SIMD2<Double>(), 0.0, 0.0)
    for k in 0..<count {
      let angle = SwissRoll.angle((Double(k) + 0.5) / Double(count))
      centre += angle * SIMD2(cos(angle), sin(angle)) / Double(count)
      second += angle * angle / Double(count)
      length += (1 + angle * angle).squareRoot() * 3 * .pi / Double(count)
    }
    let variance = (second - (centre * centre).sum()) / 2
    self.centre = centre
    scale = ((1 - thickness * thickness) / variance).squareRoot()
    arcLength = scale * length
  }

  private static func angle(_ part: Double) -> Double { .pi * (1.5 + 3 * part) }

  /// The point of the curve at a part of its angle in [0, 1].
  public func point(_ part: Double) -> (x: Double, y: Double) {
    let angle = SwissRoll.angle(part)
    let point = scale * (angle * SIMD2(cos(angle), sin(angle)) - centre)
    return (point.x, point.y)
  }

  /// Points of the curve in the middles of so many equal parts of its angle, one a row.
  public func points(_ count: Int) -> Matrix<Double> {
    var result = Matrix<Double>(rows: count, columns: 2)
    for row in 0..<count {
      let (x, y) = point((Double(row) + 0.5) / Double(count))
      result.setRow(row, to: [x, y])
    }
    return result
  }

  /// ln of the density of the thick curve at points, one a row: the Gaussian summed along the curve at
  /// distances of at most some half of its width.
  func logDensities(of samples: Matrix<Float>, workers: Workers) -> [Double] {
    let count = max(2000, Int((2 * arcLength / thickness).rounded(.up)))
    let centres = points(count)
    let scale = 0.5 / (thickness * thickness)
    let constant = -log(2 * .pi * thickness * thickness * Double(count))
    return workers.map(samples.rows) { row in
      let (x, y) = (Double(samples[row, 0]), Double(samples[row, 1]))
      let distances = centres.withUnsafePointer { centre in
        (0..<count).map { k -> Double in
          let (dx, dy) = (x - centre[k * centres.stride], y - centre[k * centres.stride + 1])
          return dx * dx + dy * dy
        }
      }
      let least = distances.min() ?? 0
      let limit = least + 40 / scale
      let sum = distances.reduce(0) { $1 < limit ? $0 + exp(scale * (least - $1)) : $0 }
      return constant - scale * least + log(sum)
    }
  }
}

/// `swiss-roll:` points of a thick ``SwissRoll``.
struct SwissRollGenerator {
  static let keys = ["thickness", "samples", "seed"]
  private static let samplesPerBlock = 1024

  private let name: String
  private let roll: SwissRoll
  private let samples: Int
  private let seed: UInt64

  init(_ specification: GeneratorSpecification) throws(SzilardError) {
    try specification.requireKeys(in: SwissRollGenerator.keys)
    name = specification.text
    roll = SwissRoll(thickness: try specification.real("thickness", default: 0.02, in: 0...0.9))
    samples = try specification.integer("samples", default: 10_000, in: Generators.sampleRange)
    seed = try specification.seed("seed", default: 1)
  }

  func generate(_ workers: Workers) -> DataSet {
    var values = Matrix<Float>(rows: samples, columns: 2)
    let size = SwissRollGenerator.samplesPerBlock
    let blocks = workers.map((samples + size - 1) / size) { block -> [[Float]] in
      var stream = RandomStream(seed: seed, purpose: .generator, index: UInt64(block))
      return (block * size..<min(samples, (block + 1) * size)).map { _ in
        let (x, y) = roll.point(stream.uniform())
        return [
          Float(x + roll.thickness * stream.normal()), Float(y + roll.thickness * stream.normal()),
        ]
      }
    }
    for (row, point) in blocks.joined().enumerated() { values.setRow(row, to: point) }
    var result = DataSet(values: .reals(values), variableKind: .continuous, name: name)
    if roll.thickness >= 1e-3 {
      result.exactLogLikelihoods = roll.logDensities(of: values, workers: workers)
    }
    return result
  }
}
