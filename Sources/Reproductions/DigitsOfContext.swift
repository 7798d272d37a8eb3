internal import DataSets
internal import Foundation
internal import NumericalCore

extension ReproductionContext {
  /// MNIST images as bytes over 255; nil without the folder.
  func digits(train: Bool, limit: Int? = nil) throws -> DataSet? {
    guard let mnist else { return nil }
    let name = train ? "train" : "t10k"
    let plain = "\(mnist)/\(name)-images-idx3-ubyte"
    var options = DataOptions()
    options.workers = workers
    options.limit = limit
    return try DataSet.load(
      FileManager.default.fileExists(atPath: plain + ".gz") ? plain + ".gz" : plain,
      options: options)
  }
}

extension DataSet {
  /// The samples as real numbers.
  var reals: Matrix<Float> {
    get throws {
      guard case .reals(let values) = values else {
        throw SzilardError(.badData, "\(name): is not continuous")
      }
      return values
    }
  }
}
