/// Groups of points that chains of short steps connect.
///
/// Two points are in one group exactly if there is a chain of points from one to the other with no
/// Euclidean distance above the given one: single linkage, or DBSCAN with `min_samples` 1 (Ester,
/// Kriegel, Sander and Xu 1996).
public enum SingleLinkage {
  /// The number of the group of each point; groups are numbered in the order of their first points.
  ///
  /// Points are sorted along one direction, in which they spread widely. A point within half the distance of
  /// an earlier leader is its follower, and followers of one leader are connected; then leaders that are
  /// near in the direction are compared, and their followers where they may be near. Many copies of few points
  /// cost no pairs.
  ///
  /// - Complexity: O(n log n + (n + leaders) × leaders near in that direction × dimension), more where
  ///   points lie about the distance apart.
  public static func groups(of points: [[Double]], distance: Double) -> [Int] {
    precondition(distance >= 0, "the distance \(distance)")
    let count = points.count
    guard count > 0 else { return [] }
    let direction = spread(of: points)
    let places = points.map { dot($0, direction) }
    let order = (0..<count).sorted { (places[$0], $0) < (places[$1], $1) }
    var parents = Array(0..<count)
    func root(_ point: Int) -> Int {
      var point = point
      while parents[point] != point {
        parents[point] = parents[parents[point]]
        point = parents[point]
      }
      return point
    }
    func join(_ point: Int, _ other: Int) {
      let (a, b) = (root(point), root(other))
      parents[Swift.max(a, b)] = Swift.min(a, b)
    }
    // Rounding of the places must not part neighbours.
    let slack = 1e-12 * (1 + places.reduce(0) { Swift.max($0, abs($1)) })
    var leaders: [(point: Int, followers: [Int])] = []
    for point in order {
      var leader = leaders.count - 1
      while leader >= 0, places[point] - places[leaders[leader].point] <= distance / 2 + slack {
        if areNear(points[point], points[leaders[leader].point], distance * distance / 4) { break }
        leader -= 1
      }
      if leader >= 0, places[point] - places[leaders[leader].point] <= distance / 2 + slack {
        leaders[leader].followers.append(point)
        join(point, leaders[leader].point)
      } else {
        leaders.append((point, [point]))
      }
    }
    for first in leaders.indices {
      let place = places[leaders[first].point]
      var second = first + 1
      while second < leaders.count,
        places[leaders[second].point] - place <= 2 * distance + slack
      {
        let (one, other) = (leaders[first], leaders[second])
        second += 1
        // Followers are within half the distance of their leaders: farther than twice, none are near.
        guard root(one.point) != root(other.point),
          areNear(points[one.point], points[other.point], 4 * distance * distance)
        else { continue }
        let isConnected = one.followers.contains { a in
          other.followers.contains { areNear(points[a], points[$0], distance * distance) }
        }
        if isConnected { join(one.point, other.point) }
      }
    }
    var numbers: [Int: Int] = [:]
    return (0..<count).map { point in
      let root = root(point)
      if let number = numbers[root] { return number }
      numbers[root] = numbers.count
      return numbers.count - 1
    }
  }

  /// A unit vector near the leading principal direction: a few steps of the power method.
  private static func spread(of points: [[Double]]) -> [Double] {
    let size = points[0].count
    guard size > 0 else { return [] }
    var means = [Double](repeating: 0, count: size)
    for point in points { for k in 0..<size { means[k] += point[k] / Double(points.count) } }
    // Any beginning that is not special.
    var direction = (0..<size).map { 1 + Double(($0 * 7919) % 101) / 101 }
    for _ in 0..<5 {
      var next = [Double](repeating: 0, count: size)
      let offset = dot(means, direction)
      for point in points {
        let place = dot(point, direction) - offset
        for k in 0..<size { next[k] += place * (point[k] - means[k]) }
      }
      let norm = dot(next, next).squareRoot()
      guard norm > 0, norm.isFinite else { break }
      direction = next.map { $0 / norm }
    }
    let norm = dot(direction, direction).squareRoot()
    return direction.map { $0 / norm }
  }

  private static func dot(_ a: [Double], _ b: [Double]) -> Double {
    a.withUnsafeBufferPointer { a in
      b.withUnsafeBufferPointer { b in
        var sum = 0.0
        for k in 0..<a.count { sum += a[k] * b[k] }
        return sum
      }
    }
  }

  private static func areNear(_ a: [Double], _ b: [Double], _ squared: Double) -> Bool {
    a.withUnsafeBufferPointer { a in
      b.withUnsafeBufferPointer { b in
        var sum = 0.0
        for k in 0..<a.count {
          let difference = a[k] - b[k]
          sum += difference * difference
          if sum > squared { return false }
        }
        return sum <= squared
      }
    }
  }
}
