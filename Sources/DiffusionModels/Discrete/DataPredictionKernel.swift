public import NumericalCore

/// The reverse chain that a model of the data behind a state makes.
///
/// ```
/// f(x_{t−1,i}; x_t) = Σ_c P(x_{0,i} = c|x_t) q(x_{t−1,i}|x_{t,i}, x_{0,i} = c)
/// ```
///
/// With exact probabilities it is the best kernel of independent sites: it has the marginals of the
/// true q(x_{t−1}|x_t). (Austin et al. 2021 weigh by q(x_t|x_0 = c) once more and normalise, which is
/// this for another meaning of what the network says.)
public struct DataPredictionKernel: CategoricalReverseKernel {
  /// The model.
  public let denoiser: any CategoricalDenoiser
  /// The forward chain.
  public let diffusion: CategoricalDiffusion

  /// The reverse chain of a model.
  ///
  /// - Throws: `usage` when model and chain do not have the same categories.
  public init(
    _ denoiser: any CategoricalDenoiser, diffusion: CategoricalDiffusion
  ) throws(SzilardError) {
    guard denoiser.categories == diffusion.categories else {
      throw SzilardError(
        .usage,
        "the model has \(denoiser.categories) categories, the diffusion \(diffusion.categories)")
    }
    self.denoiser = denoiser
    self.diffusion = diffusion
  }

  /// Sites of a state.
  public var sites: Int { denoiser.sites }
  /// Values that a site can take.
  public var categories: Int { denoiser.categories }

  /// f for each row x_t, `categories` numbers a site.
  public func reverse(_ states: Matrix<UInt8>, step: Int) throws -> Matrix<Double> {
    let data = try denoiser.dataProbabilities(behind: states, step: step)
    var result = Matrix<Double>(rows: data.rows, columns: data.columns)
    result.withUnsafeMutablePointer { target in
      data.withUnsafePointer { weights in
        states.withUnsafePointer { state in
          for row in 0..<states.rows {
            for site in 0..<sites {
              let offset = row * data.stride + site * categories
              diffusion.writeReversal(
                of: Int(state[row * states.stride + site]), weights: weights + offset, step: step,
                to: target + offset)
            }
          }
        }
      }
    }
    return result
  }
}
