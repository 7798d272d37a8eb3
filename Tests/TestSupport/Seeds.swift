internal import Foundation

/// The seed of a test: `fallback`, or what `SZILARD_TEST_SEED` says.
///
/// A statistical test must pass for every seed. Say the seed in each expectation that depends on it:
///
/// ```
/// let seed = testSeed(7)
/// #expect(counts.contains(k), "seed \(seed)")
/// ```
package func testSeed(_ fallback: UInt64 = 1) -> UInt64 {
  seedOverride.map { $0 &+ fallback &* 0x9e37_79b9_7f4a_7c15 } ?? fallback
}

/// Different tests keep different seeds under one override.
private let seedOverride: UInt64? = {
  guard let text = ProcessInfo.processInfo.environment["SZILARD_TEST_SEED"], !text.isEmpty else {
    return nil
  }
  guard let seed = UInt64(text) else {
    preconditionFailure("SZILARD_TEST_SEED=\(text): expected an integer that is not negative")
  }
  return seed
}()
