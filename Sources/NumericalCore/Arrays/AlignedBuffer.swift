/// Uninitialised-to-zero memory that begins on a 64-byte boundary, as the kernels want it.
///
/// Reference storage of ``Matrix`` and ``BitMatrix``, which copy it before they write to a shared
/// one. `@unchecked Sendable`: the memory is written only through a uniquely referenced owner.
package final class AlignedBuffer<Element: BitwiseCopyable>: @unchecked Sendable {
  package let count: Int
  package let pointer: UnsafeMutablePointer<Element>

  /// Zeroed memory for `count` elements.
  package init(count: Int) {
    precondition(count >= 0, "a buffer of \(count) elements")
    self.count = count
    let bytes = Swift.max(64, (count * MemoryLayout<Element>.stride + 63) / 64 * 64)
    let raw = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
    raw.initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
    pointer = raw.assumingMemoryBound(to: Element.self)
  }

  package convenience init(copying other: AlignedBuffer) {
    self.init(count: other.count)
    pointer.update(from: other.pointer, count: other.count)
  }

  deinit { UnsafeMutableRawPointer(pointer).deallocate() }
}
