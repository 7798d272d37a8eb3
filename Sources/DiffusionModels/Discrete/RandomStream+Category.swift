internal import NumericalCore

extension RandomStream {
  /// A number that is k with probability `probabilities[k]`.
  mutating func category(_ probabilities: some RandomAccessCollection<Double>) -> Int {
    var place = uniform()
    var last = 0
    for (index, probability) in probabilities.enumerated() where probability > 0 {
      if place < probability { return index }
      place -= probability
      last = index
    }
    return last
  }
}
