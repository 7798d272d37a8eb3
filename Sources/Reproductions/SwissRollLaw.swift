internal import DataSets
internal import DiffusionModels
internal import NumericalCore

/// A spiral of finite thickness whose noisy densities are known.
enum SwissRollLaw {
  /// Round Gaussians of a standard deviation on so many points of the spiral.
  static func law(
    points count: Int, thickness: Double, workers: Workers
  ) throws(SzilardError) -> PointMixture {
    try PointMixture(
      points: SwissRoll(thickness: thickness).points(count), variance: thickness * thickness,
      workers: workers)
  }
}
