internal import Foundation
public import NumericalCore

/// A model without couplings: the biases of the units in the 0/1 form.
public struct IndependentUnits: Sendable {
  let visible: [Float]
  let hidden: [Float]

  /// Means of data for ``init(baseRateOf:dataMeans:)``, or nil where there are none or the machine carries
  /// those of its training.
  public static func baseRates(
    of machine: RestrictedBoltzmannMachine, from states: StateMatrix?
  ) -> [Float]? {
    guard machine.dataMeans == nil, let states else { return nil }
    return RestrictedBoltzmannMachine.parameterMeans(
      of: states, in: machine.visible, weights: nil
    ).means.map { Float($0) }
  }

  /// The base-rate model: visible units independent with the data's means, hidden units without
  /// bias (Salakhutdinov and Murray 2008, section 4.1).
  ///
  /// Without data means the visible biases of the machine itself serve.
  public init(baseRateOf machine: RestrictedBoltzmannMachine, dataMeans: [Float]? = nil) {
    let layer = machine.visible
    let means = (dataMeans ?? machine.dataMeans).flatMap { $0.count == layer.size ? $0 : nil }
    hidden = [Float](repeating: 0, count: machine.hidden.count)
    guard let means else {
      // The native biases, so that machines with a symmetry begin from a symmetric base.
      visible = layer.biases.map { $0 * layer.kind.bitScale }
      return
    }
    switch layer.kind {
    case .bernoulli: visible = means.map { Float(logit(IndependentUnits.inside(Double($0)))) }
    case .spin: visible = means.map { Float(logit(IndependentUnits.inside((Double($0) + 1) / 2))) }
    case .potts: visible = means.map { Float(log(IndependentUnits.inside(Double($0)))) }
    case .gaussian: visible = zip(means, layer.variances).map { $0 / $1 }
    }
  }

  /// Frequencies kept off 0 and 1, which `Float` may have rounded them to.
  private static func inside(_ frequency: Double) -> Double { min(max(frequency, 1e-9), 1 - 1e-9) }

  /// ln Z of the base model, in the 0/1 form.
  func logPartitionFunction(of form: BernoulliForm) -> Double {
    let machine = machine(like: form)
    return RestrictedBoltzmannMachine.logPartition(
      of: machine.visible, fields: visible.map(Double.init))
      + RestrictedBoltzmannMachine.logPartition(
        of: machine.hidden, fields: hidden.map(Double.init))
  }

  /// ln Z of the base model as the start of the path to a machine.
  public func logPartitionFunction(of machine: RestrictedBoltzmannMachine) -> Double {
    logPartitionFunction(of: BernoulliForm(machine))
  }

  /// The base model as a machine with W = 0 in the 0/1 form; it shares its states with `form`.
  func machine(like form: BernoulliForm) -> RestrictedBoltzmannMachine {
    func layer(_ side: BernoulliForm.Side, _ biases: [Float]) -> Layer {
      var layer = Layer(kind: side.kind == .spin ? .bernoulli : side.kind, count: side.count)
      layer.biases = biases
      layer.variances = layer.variances.indices.map { side.variances.pointer[$0] }
      return layer
    }
    return RestrictedBoltzmannMachine(
      visible: layer(form.visible, visible), hidden: layer(form.hidden, hidden))
  }
}
