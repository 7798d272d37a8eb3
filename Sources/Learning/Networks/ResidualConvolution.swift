internal import NumericalCore

/// A small U-net of residual blocks for images, told of its condition by scales and shifts.
///
/// Ronneberger, Fischer and Brox 2015, for diffusion as in Ho, Jain and Abbeel 2020, but without attention.
/// With widths n₀, n₁, n₂ and b₀, b₁, b₂ blocks at full, half and quarter resolution: a convolution to n₀
/// maps, the blocks of each width on the way down with mean pooling between them, and on the way up a
/// 1 × 1 convolution to the smaller width, nearest-neighbour upsampling, and as many blocks again for the
/// sum of that and of the maps of the way down. A block is
///
///     x ↦ x S + conv(silu(norm(conv(silu(norm(x))); scale and shift from λ)))
///
/// where S is the identity or, where the width changes, a 1 × 1 convolution. The second convolution of each
/// block and the last map begin at zero.
public struct ResidualConvolution: ConditionedNetwork, Codable, Equatable {
  /// Pixels from top to bottom; sizes that are no multiple of 4 are padded with zeros.
  public var height: Int
  /// Pixels from left to right.
  public var width: Int
  /// Numbers of a pixel.
  public var channels: Int
  /// Numbers that come out for each number that goes in: all first ones, then all second ones.
  public var outputsPerInput: Int
  /// Maps at full, half and quarter resolution, multiples of 8.
  public var maps: [Int]
  /// Blocks at full, half and quarter resolution; those of the first two stand on both ways.
  public var blocks: [Int]
  /// Waves of λ.
  public var waves: Int
  /// Units that carry the condition.
  public var conditionUnits: Int

  /// A network for images.
  public init(
    height: Int, width: Int, channels: Int = 1, outputsPerInput: Int = 1,
    maps: [Int] = [16, 32, 64], blocks: [Int] = [1, 1, 2], waves: Int = 32, conditionUnits: Int = 64
  ) {
    precondition(maps.count == 3 && maps.allSatisfy { $0 > 0 && $0 % 8 == 0 }, "maps \(maps)")
    precondition(blocks.count == 3 && blocks.allSatisfy { $0 > 0 }, "blocks \(blocks)")
    self.height = height
    self.width = width
    self.channels = channels
    self.outputsPerInput = outputsPerInput
    self.maps = maps
    self.blocks = blocks
    self.waves = waves
    self.conditionUnits = conditionUnits
  }

  private enum CodingKeys: String, CodingKey {
    case height, width, channels, outputsPerInput, maps, blocks, waves, conditionUnits
  }

  /// Reads a description; one without blocks has [1, 1, 2].
  ///
  /// - Throws: A decoding error for sizes that no network has.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    height = try values.decode(Int.self, forKey: .height)
    width = try values.decode(Int.self, forKey: .width)
    channels = try values.decode(Int.self, forKey: .channels)
    outputsPerInput = try values.decode(Int.self, forKey: .outputsPerInput)
    maps = try values.decode([Int].self, forKey: .maps)
    blocks = try values.decodeIfPresent([Int].self, forKey: .blocks) ?? [1, 1, 2]
    waves = try values.decode(Int.self, forKey: .waves)
    conditionUnits = try values.decode(Int.self, forKey: .conditionUnits)
    let sizes = [height, width, channels, outputsPerInput, waves, conditionUnits]
    guard maps.count == 3, maps.allSatisfy({ $0 > 0 && $0 % 8 == 0 }), blocks.count == 3,
      (sizes + blocks).allSatisfy({ $0 > 0 })
    else {
      throw DecodingError.dataCorruptedError(
        forKey: .maps, in: values,
        debugDescription: "maps \(maps), blocks \(blocks), sizes \(sizes)")
    }
  }

  /// Numbers of an image.
  public var inputSize: Int { height * width * channels }
  /// As many for each output.
  public var outputSize: Int { outputsPerInput * inputSize }
  /// So many that the values of a pass stay near the core.
  public var samplesPerPiece: Int { 4 }

  /// The levels of the blocks in order: down to quarter resolution, and up again.
  private var levels: [Int] {
    [0, 1, 2, 1, 0].flatMap { [Int](repeating: $0, count: blocks[$0]) }
  }

  /// Random maps; those that end a block or the network are zero.
  public func initialParameters(seed: UInt64) -> NetworkParameters {
    var parameters = NetworkParameters()
    let units = conditionUnits
    parameters.appendMap("condition-1", rows: waves, columns: units, gain: 2, seed: seed)
    parameters.appendMap("condition-2", rows: units, columns: units, gain: 2, seed: seed)
    parameters.appendMap("input", rows: 9 * channels, columns: maps[0], seed: seed)
    var (level, ups) = (0, 0)
    for (index, next) in levels.enumerated() {
      let name = "block-\(index + 1)"
      // What the way up begins a level with.
      if next < level {
        ups += 1
        parameters.appendMap("up-\(ups)", rows: maps[level], columns: maps[next], seed: seed)
      }
      let (from, to) = (next > level ? maps[level] : maps[next], maps[next])
      level = next
      parameters.append("\(name).norm", rows: 1, columns: 2 * from)
      parameters.appendMap("\(name).first", rows: 9 * from, columns: to, gain: 2, seed: seed)
      parameters.appendMap("\(name).modulation", rows: units, columns: 2 * to, gain: 0, seed: seed)
      parameters.appendMap("\(name).second", rows: 9 * to, columns: to, gain: 0, seed: seed)
      if from != to {
        parameters.appendMap("\(name).skip", rows: from, columns: to, seed: seed)
      }
    }
    parameters.append("output.norm", rows: 1, columns: 2 * maps[0])
    parameters.appendMap(
      "output", rows: maps[0], columns: outputsPerInput * channels, gain: 0, seed: seed)
    return parameters
  }

  /// Appends the network to a tape.
  public func apply(
    to input: Tape.Node, conditions: ArraySlice<NetworkCondition>, parameters: [Tape.Node],
    on tape: Tape
  ) -> Tape.Node {
    var reader = ParameterReader(parameters)
    func affine(_ x: Tape.Node) -> Tape.Node {
      let (weights, biases) = reader.map()
      return tape.affine(x, weights: weights, bias: biases)
    }
    func convolution(_ x: Tape.Node) -> Tape.Node {
      let (weights, biases) = reader.map()
      return tape.convolution(x, weights: weights, bias: biases)
    }
    let hidden = tape.apply(.silu, to: affine(tape.waves(of: conditions, count: waves)))
    let condition = tape.apply(.silu, to: affine(hidden))
    func block(_ x: Tape.Node, to width: Int) -> Tape.Node {
      let first = convolution(
        tape.normalised(x, groups: 8, modulation: reader.next(), silu: true))
      let second = convolution(
        tape.normalised(first, groups: 8, modulation: affine(condition), silu: true))
      return tape.sum(second, x.channels == width ? x : affine(x))
    }
    let images = tape.resized(
      tape.reshaped(input, height: height, width: width), height: (height + 3) / 4 * 4,
      width: (width + 3) / 4 * 4)
    func level(_ x: Tape.Node, _ level: Int) -> Tape.Node {
      (0..<blocks[level]).reduce(x) { x, _ in block(x, to: maps[level]) }
    }
    let full = level(convolution(images), 0)
    let half = level(tape.meanPooled(full), 1)
    let quarter = level(tape.meanPooled(half), 2)
    let up = level(tape.sum(tape.upsampled(affine(quarter)), half), 1)
    let last = level(tape.sum(tape.upsampled(affine(up)), full), 0)
    let output = affine(tape.normalised(last, groups: 8, modulation: reader.next(), silu: true))
    return tape.separated(
      tape.resized(output, height: height, width: width), parts: outputsPerInput)
  }
}
