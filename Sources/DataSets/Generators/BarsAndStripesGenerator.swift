internal import Foundation
internal import NumericalCore

/// `bars-and-stripes:` pictures in which every row is on or off, or every column is.
///
/// There are 2ⁿ patterns of rows and 2ⁿ of columns; the empty and the full picture are in both.
/// `convention=doubled` counts those two twice (2ⁿ⁺¹ patterns of equal weight), `convention=uniform`
/// gives the 2ⁿ⁺¹ − 2 distinct patterns equal weight. The literature mixes the two.
///
/// Without `samples` every pattern is there once (the two twice when doubled), so that the data are
/// the law. Labels: 0 rows, 1 columns, 2 the empty and the full picture.
struct BarsAndStripesGenerator {
  static let keys = ["size", "convention", "samples", "seed"]

  private let name: String
  private let size: Int
  private let isDoubled: Bool
  private let samples: Int?
  private let seed: UInt64

  init(_ specification: GeneratorSpecification) throws(SzilardError) {
    try specification.requireKeys(in: BarsAndStripesGenerator.keys)
    name = specification.text
    size = try specification.integer("size", default: 4, in: 2...30)
    isDoubled =
      try specification.choice("convention", default: "uniform", of: ["uniform", "doubled"])
      == "doubled"
    samples =
      specification.has("samples")
      ? try specification.integer("samples", default: 1, in: Generators.sampleRange) : nil
    seed = try specification.seed("seed", default: 1)
    if samples == nil, size > 16 {
      throw SzilardError(
        .usage,
        "'\(name)': 2^\(size + 1) patterns are too many to list; draw some with samples=")
    }
  }

  func generate() -> DataSet {
    let half = 1 << size
    let total = isDoubled ? 2 * half : 2 * half - 2
    var stream = RandomStream(seed: seed, purpose: .generator)
    let count = samples ?? total
    var bits = BitMatrix(rows: count, columns: size * size)
    var labels: [Int] = []
    for row in 0..<count {
      // Numbers below 2ⁿ are patterns of rows; then the columns, of which the uniform convention
      // leaves out the empty and the full one.
      let number = samples == nil ? row : stream.index(below: total)
      let isColumns = number >= half
      let mask = isColumns ? (isDoubled ? number - half : number - half + 1) : number
      for line in 0..<size where mask >> line & 1 == 1 {
        for place in 0..<size {
          bits[row, isColumns ? place * size + line : line * size + place] = true
        }
      }
      labels.append(mask == 0 || mask == half - 1 ? 2 : isColumns ? 1 : 0)
    }
    let logTotal = log(Double(total))
    var result = DataSet(values: .bits(bits), variableKind: .binary, name: name)
    result.pictureShape = DataSet.PictureShape(height: size, width: size)
    result.labels = labels
    result.exactLogLikelihoods = labels.map { $0 == 2 && isDoubled ? log(2) - logTotal : -logTotal }
    result.exactEntropy =
      isDoubled ? logTotal - 4 / Double(total) * log(2) : logTotal
    return result
  }
}
