public import NumericalCore

/// The reverse chain of a discrete diffusion: independent sites at every step.
///
/// ```
/// p(x_{t−1}|x_t) = Π_i f(x_{t−1,i}; x_t, t)
/// ```
///
/// Source: Sohl-Dickstein et al. 2015, table App.1 (bits); Austin et al. 2021 (symbols).
public protocol CategoricalReverseKernel: Sendable {
  /// Sites of a state.
  var sites: Int { get }
  /// Values that a site can take; 2 for bits.
  var categories: Int { get }
  /// f for each row x_t (a category a site), t = 1 … T: `categories` numbers a site, site by site,
  /// summing to 1.
  func reverse(_ states: Matrix<UInt8>, step: Int) throws -> Matrix<Double>
}
