internal import Foundation

/// A fixed number of threads that work blocks of chains.
///
/// Work is cut into blocks that do not depend on the number of threads, and whatever a block draws
/// or sums belongs to the block; so results are the same bits for any number of threads.
public struct Workers: Sendable, Equatable {
  /// The number of threads.
  public let count: Int

  /// Workers on `count` threads, by default all cores.
  public init(count: Int? = nil) {
    self.count = Swift.max(1, count ?? Workers.availableCores)
  }

  /// The number of cores this process may use.
  public static var availableCores: Int { ProcessInfo.processInfo.activeProcessorCount }

  /// Works contiguous ranges of `0 ..< count` at the same time, at most one a thread.
  ///
  /// Each but the last is a multiple of `grain` long. `body` gets the range and the number of the
  /// worker.
  package func forEachRange(
    of count: Int, grain: Int = 1, _ body: (Range<Int>, Int) -> Void
  ) {
    guard count > 0 else { return }
    let grains = (count + grain - 1) / grain
    let parts = Swift.min(self.count, grains)
    if parts == 1 { return body(0..<count, 0) }
    withoutActuallyEscaping(body) { body in
      ThreadTeam.run(parts) { part in
        let low = Swift.min(count, grains * part / parts * grain)
        let high = Swift.min(count, grains * (part + 1) / parts * grain)
        if low < high { body(low..<high, part) }
      }
    }
  }

  /// The results of `body` for each of `0 ..< count`, in their order; workers take the next index when
  /// they are free.
  package func map<Result>(_ count: Int, _ body: (Int) -> Result) -> [Result] {
    var results = [Result?](repeating: nil, count: count)
    results.withUnsafeMutableBufferPointer { slots in
      let slots = UncheckedSendable(slots)
      forEach(count) { slots.value[$0] = body($0) }
    }
    return results.compactMap { $0 }
  }

  /// Runs `body` once for each of `0 ..< count`; workers take the next index when they are free.
  package func forEach(_ count: Int, _ body: (Int) -> Void) {
    guard count > 0 else { return }
    if self.count == 1 || count == 1 {
      for index in 0..<count { body(index) }
      return
    }
    withoutActuallyEscaping(body) { body in
      let next = SharedCounter()
      ThreadTeam.run(Swift.min(self.count, count)) { _ in
        while true {
          let index = next.take()
          if index >= count { break }
          body(index)
        }
      }
    }
  }
}
