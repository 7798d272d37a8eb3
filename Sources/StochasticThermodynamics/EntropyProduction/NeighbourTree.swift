internal import Foundation

/// Points of a few coordinates in a k-d tree, for the distances of near neighbours.
///
/// The points are halved at the median of the widest coordinate until a leaf holds sixteen or fewer.
/// Bentley 1975, Communications of the ACM 18, 509.
///
/// - Complexity: O(n log² n) to build, about O(log n) a query in few dimensions.
struct NeighbourTree: Sendable {
  private static let leafSize = 16

  private let dimension: Int
  /// The points in the order of the leaves.
  private let points: [Double]
  /// The coordinate and the place at which each inner node is cut, as a heap.
  private var cuts: [(axis: Int, value: Double)?]

  /// The tree of points `[count, dimension]`.
  init(_ source: [Double], dimension: Int) {
    self.dimension = dimension
    let count = source.count / dimension
    var order = Array(0..<count)
    var cuts: [(axis: Int, value: Double)?] = []
    func divide(_ node: Int, _ range: Range<Int>) {
      while cuts.count <= node { cuts.append(nil) }
      guard range.count > NeighbourTree.leafSize else { return }
      var widest = (axis: 0, width: -1.0)
      for axis in 0..<dimension {
        var (low, high) = (Double.infinity, -Double.infinity)
        for place in range {
          let x = source[order[place] * dimension + axis]
          low = min(low, x)
          high = max(high, x)
        }
        if high - low > widest.width { widest = (axis, high - low) }
      }
      let axis = widest.axis
      order[range].sort { source[$0 * dimension + axis] < source[$1 * dimension + axis] }
      let middle = (range.lowerBound + range.upperBound) / 2
      cuts[node] = (axis, source[order[middle] * dimension + axis])
      divide(2 * node + 1, range.lowerBound..<middle)
      divide(2 * node + 2, middle..<range.upperBound)
    }
    divide(0, 0..<count)
    self.cuts = cuts
    points = order.flatMap { source[($0 * dimension)..<(($0 + 1) * dimension)] }
  }

  /// The squared distance of a place to its `rank`-th nearest point, from 1; ∞ where there are fewer points.
  func squaredDistance(to place: [Double], rank: Int) -> Double {
    var nearest = [Double](repeating: .infinity, count: rank)
    var gaps = [Double](repeating: 0, count: dimension)
    points.withUnsafeBufferPointer { points in
      place.withUnsafeBufferPointer { place in
        search(0, 0..<points.count / dimension, points, place, 0, &gaps, &nearest)
      }
    }
    return nearest[rank - 1]
  }

  private func search(
    _ node: Int, _ range: Range<Int>, _ points: UnsafeBufferPointer<Double>,
    _ place: UnsafeBufferPointer<Double>, _ distance: Double, _ gaps: inout [Double],
    _ nearest: inout [Double]
  ) {
    let last = nearest.count - 1
    guard let cut = cuts[node] else {
      for point in range {
        var sum = 0.0
        for axis in 0..<dimension {
          let gap = points[point * dimension + axis] - place[axis]
          sum += gap * gap
        }
        guard sum < nearest[last] else { continue }
        var slot = last
        while slot > 0, nearest[slot - 1] > sum {
          nearest[slot] = nearest[slot - 1]
          slot -= 1
        }
        nearest[slot] = sum
      }
      return
    }
    let middle = (range.lowerBound + range.upperBound) / 2
    let left = (2 * node + 1, range.lowerBound..<middle)
    let right = (2 * node + 2, middle..<range.upperBound)
    let gap = place[cut.axis] - cut.value
    let (near, far) = gap < 0 ? (left, right) : (right, left)
    search(near.0, near.1, points, place, distance, &gaps, &nearest)
    // The distance to the cell beyond the cut, coordinate by coordinate (Arya and Mount 1993).
    let old = gaps[cut.axis]
    let beyond = distance - old * old + gap * gap
    if beyond < nearest[last] {
      gaps[cut.axis] = gap
      search(far.0, far.1, points, place, beyond, &gaps, &nearest)
      gaps[cut.axis] = old
    }
  }
}
