/// Memory for values of one thread, which goes round instead of being asked for anew.
///
/// Buffers are kept by size; a pass that was done once finds all of its buffers here.
final class BufferPool {
  private var free: [Int: [UnsafeMutablePointer<Float>]] = [:]
  private var blocks: [UnsafeMutableRawPointer] = []

  deinit { for block in blocks { block.deallocate() } }

  /// Room for `count` floats on a 64-byte boundary, with whatever was in it.
  func take(_ count: Int) -> UnsafeMutablePointer<Float> {
    let size = BufferPool.size(count)
    if let buffer = free[size]?.popLast() { return buffer }
    // Buffers of one size begin at different places of a page, or they would push one another out of
    // the first cache.
    let shift = blocks.count % 16 * 256
    let block = UnsafeMutableRawPointer.allocate(byteCount: 4 * size + 4096, alignment: 64)
    block.initializeMemory(as: UInt8.self, repeating: 0, count: 4 * size + 4096)
    blocks.append(block)
    return (block + shift).assumingMemoryBound(to: Float.self)
  }

  /// Takes a buffer back.
  func give(_ buffer: UnsafeMutablePointer<Float>, _ count: Int) {
    free[BufferPool.size(count), default: []].append(buffer)
  }

  /// A multiple of 64 floats, so that similar sizes share buffers.
  private static func size(_ count: Int) -> Int { (count + 63) / 64 * 64 }
}
