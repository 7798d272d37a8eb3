internal import Synchronization

/// Tells how much of something is done, from any thread.
final class ProgressCount: Sendable {
  private let total: Int
  private let done = Mutex(0)
  private let tell: @Sendable (Double) -> Void

  init(of total: Int, _ tell: @escaping @Sendable (Double) -> Void) {
    self.total = total
    self.tell = tell
  }

  func add(_ count: Int) {
    done.withLock { done in
      done += count
      tell(Double(done) / Double(max(1, total)))
    }
  }
}
