internal import Foundation
public import Learning
public import NumericalCore

/// A network that tells what discrete data stand behind a noisy state.
///
/// Two categories: the input is ±1 a site and the output one logit of category 1 a site. More: the input
/// is 1 at the category of each site and 0 elsewhere, the output one logit a category, of which P is the
/// softmax. A mask is no datum: its probability is 0.
public struct NetworkCategoricalDenoiser: CategoricalDenoiser {
  /// The network on its threads.
  public let evaluator: NetworkEvaluator
  /// Its parameters.
  public var parameters: NetworkParameters
  /// The forward chain.
  public let diffusion: CategoricalDiffusion
  /// How states become inputs and outputs probabilities.
  public let coding: CategoricalCoding

  /// A network with its chain.
  ///
  /// - Precondition: The network has the inputs and outputs of the coding.
  public init(
    evaluator: NetworkEvaluator, parameters: NetworkParameters, diffusion: CategoricalDiffusion,
    coding: CategoricalCoding
  ) {
    precondition(evaluator.network.inputSize == coding.width * coding.sites)
    self.evaluator = evaluator
    self.parameters = parameters
    self.diffusion = diffusion
    self.coding = coding
  }

  /// Sites of a state.
  public var sites: Int { coding.sites }
  /// Values that a site can take, the mask among them.
  public var categories: Int { diffusion.categories }

  /// P(x_{0,i} = c|x_t) for each row.
  public func dataProbabilities(behind states: Matrix<UInt8>, step: Int) throws -> Matrix<Double> {
    var inputs = Matrix<Float>(rows: states.rows, columns: coding.width * sites)
    for row in 0..<states.rows { coding.write(states.row(row), to: &inputs, row: row) }
    let outputs = try evaluator.outputs(
      of: inputs,
      conditions: [NetworkCondition](
        repeating: coding.condition(step: step), count: states.rows),
      parameters: parameters)
    var result = Matrix<Double>(rows: states.rows, columns: categories * sites)
    let (from, to) = (outputs.stride, result.stride)
    result.withUnsafeMutablePointer { target in
      outputs.withUnsafePointer { z in
        for row in 0..<states.rows {
          for site in 0..<sites {
            coding.writeProbabilities(
              z + row * from + site * coding.width, to: target + row * to + site * categories)
          }
        }
      }
    }
    return result
  }
}

/// How discrete states become numbers for a network, and its outputs probabilities.
public struct CategoricalCoding: Sendable, Equatable {
  /// Sites of a state.
  public let sites: Int
  /// Values that a site can take, the mask among them.
  public let categories: Int
  /// Whether the last category is a mask.
  public let hasMask: Bool
  private let logSignalToNoise: [Double]

  /// The coding of a chain with the given noise.
  public init(sites: Int, categories: Int, hasMask: Bool, schedule: NoiseSchedule) {
    self.sites = sites
    self.categories = categories
    self.hasMask = hasMask
    logSignalToNoise = (1...schedule.steps).map {
      NetworkCondition(schedule.level($0)).logSignalToNoise
    }
  }

  /// Numbers a site, of the input and of the output.
  public var width: Int { categories == 2 ? 1 : categories }

  func condition(step: Int) -> NetworkCondition {
    NetworkCondition(step: step, logSignalToNoise: logSignalToNoise[step - 1])
  }

  func write(_ state: [UInt8], to inputs: inout Matrix<Float>, row: Int) {
    let stride = inputs.stride
    inputs.withUnsafeMutablePointer { target in
      let target = target + row * stride
      if categories == 2 {
        for site in 0..<sites { target[site] = state[site] == 1 ? 1 : -1 }
      } else {
        for place in 0..<sites * categories { target[place] = 0 }
        for site in 0..<sites { target[site * categories + Int(state[site])] = 1 }
      }
    }
  }

  func writeProbabilities(_ z: UnsafePointer<Float>, to target: UnsafeMutablePointer<Double>) {
    if categories == 2 {
      target[1] = logistic(Double(z[0]))
      target[0] = logistic(-Double(z[0]))
      return
    }
    let data = hasMask ? categories - 1 : categories
    var top = -Double.infinity
    for c in 0..<data { top = max(top, Double(z[c])) }
    var sum = 0.0
    for c in 0..<data {
      target[c] = exp(Double(z[c]) - top)
      sum += target[c]
    }
    for c in 0..<data { target[c] /= sum }
    if hasMask { target[data] = 0 }
  }
}
