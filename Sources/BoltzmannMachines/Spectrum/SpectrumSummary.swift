public import NumericalCore
internal import SpectralTheory

/// The spectrum of a record in a few numbers.
public struct SpectrumSummary: Sendable, Codable, Equatable {
  /// The standard deviation of a noise entry of W.
  public var noise: Estimate
  /// The smallest and the largest singular value of that noise.
  public var edges: [Double]
  /// Singular values that stand out of it.
  public var outliers: Int
  /// Kurtosis of the leading left vectors.
  public var visibleKurtosis: [Double]
  /// Kurtosis of the leading right vectors.
  public var hiddenKurtosis: [Double]

  /// Vectors whose kurtosis is kept.
  static let kept = 10

  /// The summary of a spectrum.
  public init(_ spectrum: MachineSpectrum) {
    noise = spectrum.bulk.entryDeviation
    edges = [spectrum.bulk.edges.lowerBound, spectrum.bulk.edges.upperBound]
    outliers = spectrum.bulk.outliers
    visibleKurtosis = Array(spectrum.visible.kurtosis.prefix(SpectrumSummary.kept))
    hiddenKurtosis = Array(spectrum.hidden.kurtosis.prefix(SpectrumSummary.kept))
  }
}
