public import DataSets
internal import Foundation
public import NumericalCore

/// Inputs and what is to be learned of them, from a data set: one column is the target, or labels are.
public struct SupervisedTable: Sendable {
  /// x, one sample a row, shape `[N, inputs]`.
  public var inputs: Matrix<Float>
  /// y as numbers, one a sample.
  public var targets: [Float]
  /// What each input is called.
  public var names: [String]
  /// Whether the targets are the labels of the data set.
  public var hasLabels: Bool

  /// A column of a data set as target, the others as inputs; or its labels, and all columns.
  ///
  /// - Parameter target: The column, counted from 1, or from the end as −1; nil for the labels of the data set, or
  ///   where it has none for its last column.
  /// - Throws: ``SzilardError`` where there is no such column, no input is left, or a target is not finite.
  public init(_ data: DataSet, target: Int? = nil) throws(SzilardError) {
    let values = SupervisedTable.reals(data)
    let columns = values.columns
    let number = target ?? (data.labels == nil ? -1 : nil)
    let chosen = number.map { $0 > 0 ? $0 - 1 : columns + $0 }
    if let number, let chosen, number == 0 || !(0..<columns).contains(chosen) {
      throw SzilardError(.usage, "--target \(number): \(data.name) has \(columns) columns")
    }
    let kept = (0..<columns).filter { $0 != chosen }
    guard !kept.isEmpty else {
      throw SzilardError(
        .badData,
        "\(data.name): has one column, which is the target; give inputs beside it")
    }
    var inputs = Matrix<Float>(rows: values.rows, columns: kept.count)
    var targets: [Float] = []
    for row in 0..<values.rows {
      for (place, column) in kept.enumerated() { inputs[row, place] = values[row, column] }
      targets.append(chosen.map { values[row, $0] } ?? Float(data.labels?[row] ?? 0))
    }
    for (row, value) in targets.enumerated() where !value.isFinite {
      throw SzilardError(.badData, "\(data.name): the target of sample \(row + 1) is \(value)")
    }
    self.inputs = inputs
    self.targets = targets
    names = kept.map { "column \($0 + 1)" }
    hasLabels = chosen == nil
  }

  /// Samples with labels.
  public init(inputs: Matrix<Float>, labels: [Int]) {
    self.inputs = inputs
    targets = labels.map { Float($0) }
    names = (0..<inputs.columns).map { "column \($0 + 1)" }
    hasLabels = true
  }

  /// The targets as categories 0, 1, …, in the order of their values; nil where they are not whole numbers.
  public var categories: (labels: [Int], count: Int)? {
    guard targets.allSatisfy({ $0 == $0.rounded() && abs($0) < 1e9 }) else { return nil }
    let values = Set(targets).sorted()
    let places = Dictionary(uniqueKeysWithValues: values.enumerated().map { ($1, $0) })
    return (targets.compactMap { places[$0] }, values.count)
  }

  /// Pictures made smaller, each pixel the mean of the area it covers.
  ///
  /// - Precondition: The rows of `pictures` are pictures of height × width.
  public static func downsampled(
    _ pictures: Matrix<Float>, height: Int, width: Int, to size: Int
  ) -> Matrix<Float> {
    precondition(pictures.columns == height * width && size <= height && size <= width)
    // Shares of each pixel in each cell, along one axis.
    func shares(_ length: Int) -> [[(pixel: Int, weight: Double)]] {
      let extent = Double(length) / Double(size)
      return (0..<size).map { cell in
        let (low, high) = (Double(cell) * extent, Double(cell + 1) * extent)
        return (Int(low)..<min(length, Int(high.rounded(.up)))).map { pixel in
          (pixel, (min(high, Double(pixel + 1)) - max(low, Double(pixel))) / extent)
        }
      }
    }
    let (rows, columns) = (shares(height), shares(width))
    var result = Matrix<Float>(rows: pictures.rows, columns: size * size)
    for sample in 0..<pictures.rows {
      let picture = pictures.row(sample)
      for i in 0..<size {
        for j in 0..<size {
          var sum = 0.0
          for (row, down) in rows[i] {
            for (column, across) in columns[j] {
              sum += down * across * Double(picture[row * width + column])
            }
          }
          result[sample, i * size + j] = Float(sum)
        }
      }
    }
    return result
  }

  /// MNIST digits of 7 × 7 pixels, the first `limit` of them.
  ///
  /// - Parameter folder: Holds `train-images-idx3-ubyte.gz` and `train-labels-idx1-ubyte.gz`.
  public static func digits(
    mnist folder: String, limit: Int, workers: Workers = Workers()
  ) throws(SzilardError) -> SupervisedTable {
    var options = DataOptions()
    options.variableKind = .continuous
    options.labelsPath = folder + "/train-labels-idx1-ubyte.gz"
    options.limit = limit
    options.workers = workers
    let data = try DataSet.load(folder + "/train-images-idx3-ubyte.gz", options: options)
    guard let shape = data.pictureShape, let labels = data.labels else {
      throw SzilardError(.badData, "\(folder): the digits are no pictures with labels")
    }
    return SupervisedTable(
      inputs: downsampled(
        reals(data), height: shape.height, width: shape.width, to: 7), labels: labels)
  }

  /// Bits as 0 and 1, spins as −1 and 1, colours as their numbers.
  private static func reals(_ data: DataSet) -> Matrix<Float> {
    switch data.values {
    case .reals(let matrix): return matrix
    case .colours(let colours, _): return colours.map { Float($0) }
    case .bits(let bits):
      let low: Float = data.variableKind == .spin ? -1 : 0
      var result = Matrix<Float>(rows: bits.rows, columns: bits.columns)
      for row in 0..<bits.rows {
        for column in 0..<bits.columns { result[row, column] = bits[row, column] ? 1 : low }
      }
      return result
    }
  }
}
