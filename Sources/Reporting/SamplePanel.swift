/// One half of the figure of samples.
struct SamplePanel {
  /// The name of its block in the data file.
  let key: String
  /// The title above it.
  let title: String
  /// The samples.
  let values: SampleValues
}
