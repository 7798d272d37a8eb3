internal import NumericalCore

/// What a reader of a format found.
struct LoadedSamples {
  var values: StateMatrix
  var kind: VariableKind
  var notes: [String] = []
  var names: [String]?
  var labels: [Int]?
  var weights: [Double]?
  var pictureShape: DataSet.PictureShape?
  var dropped = 0
  /// The records of the file that became samples, when some were dropped.
  var kept: [Int]?

  init(values: StateMatrix, kind: VariableKind) {
    self.values = values
    self.kind = kind
  }

  /// Samples from an array of the given shape; three axes make pictures.
  init(
    _ finished: (values: StateMatrix, kind: VariableKind, notes: [String]), shape: [Int],
    options: DataOptions
  ) {
    values = finished.values
    kind = finished.kind
    notes = finished.notes
    if shape.count == 3, !options.transpose {
      pictureShape = DataSet.PictureShape(height: shape[1], width: shape[2])
    }
  }

  /// Throws for shapes that give no samples.
  static func checkAxes(
    _ shape: [Int], _ options: DataOptions, _ file: String
  ) throws(SzilardError) {
    guard !shape.contains(0) else {
      throw SzilardError(.badData, "\(file): an array of shape \(shape) holds no samples")
    }
    guard !options.transpose || shape.count == 2 else {
      throw SzilardError(
        .usage, "\(file): an array of shape \(shape) cannot be transposed; two axes can")
    }
  }
}
