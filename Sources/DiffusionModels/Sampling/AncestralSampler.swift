internal import Foundation
public import NumericalCore

/// The reverse chain run step by step, from x_T of N(0, 1).
///
/// ```
/// x_{t−1} = μ(x_t, t) + √Σ(x_t, t) z
/// ```
///
/// Its samples have the law p(x_0) of the chain exactly; with a ``Conditioning`` they follow the kernels
/// that it changes. States are numbered by t.
/// Source: Sohl-Dickstein et al. 2015, section 2.2; Ho et al. 2020, algorithm 2.
public struct AncestralSampler: Sampler {
  /// The reverse chain.
  public let kernel: any GaussianReverseKernel
  /// How the last step is taken.
  public var lastStep: LastStep
  /// Whether the noise of the last step is left out: means are sharper than samples.
  public var isLastStepNoiseless: Bool
  /// What the samples are to agree with.
  public var conditioning: Conditioning?

  /// The sampler of a chain.
  public init(
    _ kernel: any GaussianReverseKernel, lastStep: LastStep = .model,
    isLastStepNoiseless: Bool = false, conditioning: Conditioning? = nil
  ) {
    self.kernel = kernel
    self.lastStep = lastStep
    self.isLastStepNoiseless = isLastStepNoiseless
    self.conditioning = conditioning
  }

  /// Coordinates of a state.
  public var dimension: Int { kernel.dimension }
  /// States of few numbers are worked in larger blocks: a call costs as much as a hundred of them.
  public var blockSize: Int { dimension < 16 ? 512 : 256 }
  /// Steps from noise to data.
  public var steps: Int { kernel.diffusion.schedule.steps }

  /// The samples of the given numbers; see ``Sampler/sample(_:seed:visit:)``.
  public func sample(
    _ numbers: Range<Int>, seed: UInt64, visit: (Int, Matrix<Double>) -> Void
  ) throws -> (states: Matrix<Double>, evaluations: Int) {
    try conditioning?.check(dimension: dimension)
    let diffusion = kernel.diffusion
    var states = noise(numbers, seed: seed, step: 0)
    if let conditioning {
      states = try conditioning.start(states, numbers, seed: seed, diffusion: diffusion)
    }
    visit(steps, states)
    for step in stride(from: steps, through: 1, by: -1) {
      var law = try kernel.reverse(states, step: step, lastStep: lastStep)
      if let conditioning {
        law = try conditioning.changed(law, numbers, number: step - 1, of: steps)
      }
      states =
        step == 1 && isLastStepNoiseless
        ? law.mean : law.states(noise: noise(numbers, seed: seed, step: step))
      if let conditioning {
        states = conditioning.imposed(
          states, numbers, seed: seed, number: step - 1, diffusion: diffusion)
      }
      visit(step - 1, states)
    }
    let asked = lastStep == .forward ? steps - 1 : steps
    return (states, asked)
  }
}
