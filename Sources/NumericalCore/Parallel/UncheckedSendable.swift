internal import Synchronization

/// Carries a value into another thread where the caller guarantees that use does not overlap.
package struct UncheckedSendable<Value>: @unchecked Sendable {
  package let value: Value

  package init(_ value: Value) { self.value = value }
}

/// Hands out 0, 1, 2, … to any number of threads.
final class SharedCounter: Sendable {
  private let next = Atomic<Int>(0)

  func take() -> Int { next.wrappingAdd(1, ordering: .relaxed).oldValue }
}
