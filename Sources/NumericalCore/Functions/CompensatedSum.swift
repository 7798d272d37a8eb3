/// A sum whose rounding errors are carried along.
///
/// The error of n terms is that of a few roundings instead of n (Neumaier 1974, Z. Angew. Math. Mech.
/// 54, 39).
public struct CompensatedSum: Sendable, Equatable {
  /// The sum as rounded so far.
  public private(set) var sum: Double
  /// What rounding has lost.
  public private(set) var compensation: Double

  /// A sum with what it has lost so far.
  public init(sum: Double = 0, compensation: Double = 0) {
    self.sum = sum
    self.compensation = compensation
  }

  /// Adds one number.
  public mutating func add(_ value: Double) {
    let total = sum + value
    compensation += abs(sum) >= abs(value) ? (sum - total) + value : (value - total) + sum
    sum = total
  }

  /// The sum.
  public var value: Double { sum + compensation }
}
