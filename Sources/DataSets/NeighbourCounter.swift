internal import NumericalCore

/// Counts, for each sequence, the sequences that differ from it at no more than some sites.
///
/// Sequences lie in columns: the symbols of 64 sequences at one site are 64 bytes, and a sequence is
/// compared with all of them at once, site by site. Symbols are below 127, so that with x the
/// exclusive or of two bytes, bit 7 of x + 127 says whether they differ, without a carry into the
/// next byte; mismatches are summed in bytes, at most 255 sites at a time. (Comparison masks of the
/// SIMD types would say the same, but compile to scalar code.)
struct NeighbourCounter {
  private typealias Block = SIMD8<UInt64>

  private let blocks: [SIMD8<UInt64>]
  private let blockCount: Int
  private let count: Int
  private let unitCount: Int

  /// The symbols of (sample, site), or nil for continuous data.
  static func symbols(of values: StateMatrix) -> ((Int, Int) -> UInt8)? {
    switch values {
    case .bits(let bits): { sample, site in bits[sample, site] ? 1 : 0 }
    case .colours(let colours, _): { sample, site in colours[sample, site] }
    case .reals: nil
    }
  }

  init(symbols: (Int, Int) -> UInt8, count: Int, unitCount: Int) {
    self.count = count
    self.unitCount = unitCount
    blockCount = (count + 63) / 64
    // 127 is no symbol: it fills the lanes past the last sequence.
    var blocks = [Block](
      repeating: Block(repeating: 0x7f7f_7f7f_7f7f_7f7f), count: blockCount * unitCount)
    let unitCount = unitCount
    blocks.withUnsafeMutableBytes { bytes in
      for sample in 0..<count {
        for site in 0..<unitCount {
          bytes[((sample >> 6) * unitCount + site) * 64 + sample & 63] = symbols(sample, site)
        }
      }
    }
    self.blocks = blocks
  }

  /// For each sequence the number of sequences, itself included, with at most `limit` mismatches.
  func counts(mismatchesAtMost limit: Int, workers: Workers) -> [Int] {
    var result = [Int](repeating: 0, count: count)
    result.withUnsafeMutableBufferPointer { result in
      blocks.withUnsafeBufferPointer { blocks in
        let shared = UncheckedSendable((result, blocks))
        workers.forEach(blockCount) { block in
          let (result, blocks) = shared.value
          for sample in block << 6..<min(count, (block + 1) << 6) {
            result[sample] = neighbours(of: sample, within: limit, blocks)
          }
        }
      }
    }
    return result
  }

  private func neighbours(
    of sample: Int, within limit: Int, _ blocks: UnsafeBufferPointer<Block>
  ) -> Int {
    let own = (sample >> 6) * unitCount
    let shift = UInt64(sample & 7) * 8
    let word = (sample & 63) >> 3
    let symbols = (0..<unitCount).map { site in
      Block(repeating: (blocks[own + site][word] >> shift & 0x7f) &* 0x0101_0101_0101_0101)
    }
    let sevens = Block(repeating: 0x7f7f_7f7f_7f7f_7f7f)
    let eights = Block(repeating: 0x8080_8080_8080_8080)
    let sevenPlaces = Block(repeating: 7)
    return symbols.withUnsafeBufferPointer { symbols in
      var total = 0
      var mismatches = [UInt32](repeating: 0, count: 64)
      for block in 0..<blockCount {
        let base = block * unitCount
        let lanes = min(64, count - block << 6)
        if unitCount <= 255 {
          var sums = Block()
          for site in 0..<unitCount {
            sums =
              sums &+ ((((blocks[base + site] ^ symbols[site]) &+ sevens) & eights) &>> sevenPlaces)
          }
          withUnsafeBytes(of: sums) { sums in
            let limit = UInt8(limit)
            var near: UInt8 = 0
            for lane in 0..<lanes { near &+= sums[lane] <= limit ? 1 : 0 }
            total += Int(near)
          }
          continue
        }
        for lane in 0..<64 { mismatches[lane] = 0 }
        for first in stride(from: 0, to: unitCount, by: 255) {
          var sums = Block()
          for site in first..<min(unitCount, first + 255) {
            sums =
              sums &+ ((((blocks[base + site] ^ symbols[site]) &+ sevens) & eights) &>> sevenPlaces)
          }
          withUnsafeBytes(of: sums) { sums in
            for lane in 0..<64 { mismatches[lane] &+= UInt32(sums[lane]) }
          }
        }
        for lane in 0..<lanes where Int(mismatches[lane]) <= limit { total += 1 }
      }
      return total
    }
  }
}
