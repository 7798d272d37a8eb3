public import NumericalCore

/// A model that tells, for a noisy discrete state, what each site of the data behind it may have been.
///
/// ```
/// P(x_{0,i} = c | x_t),   one law a site
/// ```
///
/// ``DataPredictionKernel`` makes a reverse chain of it. A finite set of patterns (``PatternSet``) is one
/// without error; networks are trained to be. Source: Austin et al. 2021, section 3.3 ("x̃₀").
public protocol CategoricalDenoiser: Sendable {
  /// Sites of a state.
  var sites: Int { get }
  /// Values that a site can take; 2 for bits.
  var categories: Int { get }
  /// P(x_{0,i} = c | x_t) for each row x_t, t = 1 … T: `categories` numbers a site, site by site,
  /// summing to 1.
  func dataProbabilities(behind states: Matrix<UInt8>, step: Int) throws -> Matrix<Double>
}
