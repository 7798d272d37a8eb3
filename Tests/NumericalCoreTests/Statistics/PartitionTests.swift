import NumericalCore
import TestSupport
import Testing

/// Groups of points, and how two partitions agree.
@Suite struct PartitionTests {
  @Test func knownIndices() {
    #expect(adjustedRandIndex([0, 0, 1, 1], [5, 5, 3, 3]) == 1)
    #expect(isClose(adjustedRandIndex([0, 0, 1, 1], [0, 1, 0, 1]), -0.5))
    // Contingency [[2, 0], [1, 1]]: Σ = 1, rows 2, columns 3, E = 2·3/6 = 1, so (1 − 1)/(2.5 − 1).
    #expect(adjustedRandIndex([0, 0, 1, 1], [0, 0, 0, 1]) == 0)
    // [[2, 1], [0, 3]]: Σ = 1 + 3, rows 6, columns 1 + 6, E = 42/15.
    #expect(
      isClose(
        adjustedRandIndex([0, 0, 0, 1, 1, 1], [0, 0, 1, 1, 1, 1]), (4 - 2.8) / (6.5 - 2.8)))
    #expect(adjustedRandIndex([1, 1, 1], [2, 2, 2]) == 1)
    #expect(adjustedRandIndex([1, 2, 3], [3, 1, 2]) == 1)
    #expect(adjustedRandIndex([0, 0, 0, 0], [0, 0, 1, 1]) == 0)
    #expect(adjustedRandIndex([], []) == 1)
  }

  /// Random labels have an index of zero in the mean: the standard error over 400 is about 0.0007.
  @Test func randomLabelsHaveNone() {
    var random = RandomStream(seed: testSeed(1), purpose: .test)
    var moments = StreamingMoments()
    for _ in 0..<400 {
      let first = (0..<200).map { _ in random.index(below: 4) }
      let second = (0..<200).map { _ in random.index(below: 5) }
      moments.add(adjustedRandIndex(first, second))
    }
    let error = (moments.variance / 400).squareRoot()
    #expect(abs(moments.mean) < zBound() * error, "seed \(testSeed(1))")
    #expect(error < 2e-3)
  }

  /// Against the definition: the connected components of the graph of near pairs.
  @Test(arguments: [0.0, 0.05, 0.2, 0.6, 3])
  func groupsAreConnectedComponents(_ distance: Double) {
    var random = RandomStream(seed: testSeed(2), purpose: .test)
    var points = (0..<120).map { _ in (0..<3).map { _ in random.uniform() } }
    points += points.prefix(20)
    let groups = SingleLinkage.groups(of: points, distance: distance)
    var expected = Array(points.indices)
    var changes = true
    while changes {
      changes = false
      for a in points.indices {
        for b in points.indices where expected[a] < expected[b] {
          let squares = zip(points[a], points[b]).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
          if squares <= distance * distance {
            expected[b] = expected[a]
            changes = true
          }
        }
      }
    }
    #expect(adjustedRandIndex(groups, expected) == 1)
    #expect(groups.first == 0 && (groups.max() ?? -1) == Set(expected).count - 1)
    // Numbered in the order of first points.
    var highest = -1
    for group in groups {
      #expect(group <= highest + 1)
      highest = max(highest, group)
    }
  }
}
