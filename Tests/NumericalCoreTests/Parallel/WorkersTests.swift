import NumericalCore
import Synchronization
import Testing

@Suite struct WorkersTests {
  static let threads = [1, 2, 3, 8]
  static let counts = [0, 1, 2, 7, 16, 100, 1000]

  @Test(arguments: threads, counts)
  func `ranges cover every index once`(threads: Int, count: Int) {
    for grain in [1, 3, 16, 64, 5000] {
      let ranges = Mutex<[(Range<Int>, Int)]>([])
      Workers(count: threads).forEachRange(of: count, grain: grain) { range, worker in
        ranges.withLock { $0.append((range, worker)) }
      }
      let found = ranges.withLock { $0 }.sorted { $0.0.lowerBound < $1.0.lowerBound }
      #expect(found.flatMap { Array($0.0) } == Array(0..<count))
      #expect(found.count <= threads)
      #expect(Set(found.map(\.1)).count == found.count)
      for (range, worker) in found {
        #expect(!range.isEmpty && (0..<threads).contains(worker))
        #expect(range.lowerBound % grain == 0)
        #expect(range.upperBound % grain == 0 || range.upperBound == count)
      }
    }
  }

  @Test(arguments: threads, counts)
  func `every index is run once`(threads: Int, count: Int) {
    let runs = Mutex<[Int]>([Int](repeating: 0, count: count))
    Workers(count: threads).forEach(count) { index in runs.withLock { $0[index] += 1 } }
    #expect(runs.withLock { $0 }.allSatisfy { $0 == 1 })
  }

  // The pattern that all of the package follows: a stream and a place for the result per block.
  @Test func `results do not depend on the number of threads`() {
    let blocks = 200
    func sums(_ workers: Workers, byRange: Bool) -> [Double] {
      let results = Mutex<[Double]>([Double](repeating: 0, count: blocks))
      func work(_ block: Int) {
        var stream = RandomStream(seed: 1, purpose: .test, index: UInt64(block))
        var sum = 0.0
        for _ in 0..<100 { sum += stream.normal() }
        let total = sum
        results.withLock { $0[block] = total }
      }
      if byRange {
        workers.forEachRange(of: blocks, grain: 3) { range, _ in range.forEach(work) }
      } else {
        workers.forEach(blocks, work)
      }
      return results.withLock { $0 }
    }
    let expected = sums(Workers(count: 1), byRange: false)
    for threads in [1, 2, 3, 5, 16] {
      #expect(sums(Workers(count: threads), byRange: true) == expected)
      #expect(sums(Workers(count: threads), byRange: false) == expected)
    }
  }

  @Test func `there is always a worker`() {
    #expect(Workers(count: 0).count == 1 && Workers(count: -3).count == 1)
    #expect(Workers().count == Workers.availableCores && Workers.availableCores >= 1)
  }

  @Test func resultsComeInTheirOrder() {
    #expect(Workers(count: 3).map(100) { $0 * $0 } == (0..<100).map { $0 * $0 })
    #expect(Workers(count: 3).map(0) { $0 }.isEmpty)
  }
}
