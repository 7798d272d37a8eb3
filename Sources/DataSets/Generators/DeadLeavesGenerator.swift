internal import Foundation
internal import NumericalCore

/// `dead-leaves:` pictures of discs that lie over one another.
///
/// ```
/// p(radius) ∝ radius⁻³ between the smallest and the largest, centres uniform, greys uniform
/// ```
///
/// Discs are laid from the front until no pixel is bare, which gives the stationary law of discs falling
/// for ever (Lee, Mumford and Huang 2001). Greys have mean 0 and variance 1; Gaussian `noise` on every pixel
/// makes the density finite (pixels of one leaf are otherwise equal), and is part of that variance.
struct DeadLeavesGenerator {
  static let keys = ["size", "smallest", "largest", "noise", "samples", "seed"]

  private let name: String
  private let size: Int
  private let smallest: Double
  private let largest: Double
  private let noise: Double
  private let samples: Int
  private let seed: UInt64

  init(_ specification: GeneratorSpecification) throws(SzilardError) {
    try specification.requireKeys(in: DeadLeavesGenerator.keys)
    name = specification.text
    size = try specification.integer("size", default: 32, in: 2...1024)
    smallest = try specification.real("smallest", default: 1.5, in: 0.5...1024)
    largest = try specification.real("largest", default: Double(size), in: 0.5...10_000)
    noise = try specification.real("noise", default: 0.05, in: 0...0.99)
    samples = try specification.integer("samples", default: 5000, in: Generators.sampleRange)
    seed = try specification.seed("seed", default: 1)
    guard smallest <= largest else {
      throw SzilardError(
        .usage, "'\(name)': the smallest radius \(smallest) is above the largest \(largest)")
    }
  }

  func generate(_ workers: Workers) -> DataSet {
    let pictures = workers.map(samples) { picture($0) }
    var values = Matrix<Float>(rows: samples, columns: size * size)
    for (row, picture) in pictures.enumerated() { values.setRow(row, to: picture) }
    var result = DataSet(values: .reals(values), variableKind: .continuous, name: name)
    result.pictureShape = DataSet.PictureShape(height: size, width: size)
    return result
  }

  private func picture(_ index: Int) -> [Float] {
    var stream = RandomStream(seed: seed, purpose: .generator, index: UInt64(index))
    var picture = [Float](repeating: 0, count: size * size)
    var isBare = [Bool](repeating: true, count: size * size)
    var bare = size * size
    let contrast = (12 * (1 - noise * noise)).squareRoot()
    let (steep, flat) = (1 / (smallest * smallest), 1 / (largest * largest))
    while bare > 0 {
      // The inverse of the distribution of radii.
      let radius = 1 / (steep - (steep - flat) * stream.uniform()).squareRoot()
      let span = Double(size) + 2 * largest
      let (x, y) = (stream.uniform() * span - largest, stream.uniform() * span - largest)
      let grey = Float(contrast * (stream.uniform() - 0.5))
      let top = max(0, Int((y - radius).rounded(.up)))
      let bottom = min(size - 1, Int((y + radius).rounded(.down)))
      guard top <= bottom else { continue }
      for row in top...bottom {
        let dy = Double(row) - y
        let half = max(0, radius * radius - dy * dy).squareRoot()
        let left = max(0, Int((x - half).rounded(.up)))
        let right = min(size - 1, Int((x + half).rounded(.down)))
        guard left <= right else { continue }
        for place in row * size + left...row * size + right where isBare[place] {
          isBare[place] = false
          picture[place] = grey
          bare -= 1
        }
      }
    }
    if noise > 0 {
      for place in picture.indices { picture[place] += Float(noise * stream.normal()) }
    }
    return picture
  }
}
