internal import Foundation
internal import Learning
public import NumericalCore

extension Checkpoint {
  /// The expected change of the weights in the next update, as training makes it.
  ///
  ///     dW/dt = η/(1 − μ) (G − λ₂ W),    G = ⟨v hᵀ⟩_data − ⟨v hᵀ⟩_model   (centred where training centres)
  ///
  /// The average over the data is exact, with ⟨h | v⟩ summed out over all samples; the average over the
  /// model is that of the checkpoint's chains (weighted where they carry weights), with an error of
  /// 1/√chains. μ is the momentum, which multiplies a steady gradient by 1/(1 − μ).
  ///
  /// - Parameters:
  ///   - data: The training samples.
  ///   - weights: Weights of the samples, or nil.
  ///   - options: The options of the run.
  /// - Returns: Shape [visible size, hidden count], in units of weight an update; nil for Adam, whose step
  ///   is not proportional to the gradient, and with an L1 penalty.
  /// - Complexity: O(samples · visible · hidden).
  public func weightVelocity(
    data: StateMatrix, weights: [Double]?, options: TrainingOptions, workers: Workers
  ) -> Matrix<Double>? {
    guard case .gradientAscent(let momentum) = options.optimizer, options.l1 == 0,
      data.rows > 0, chains.rows > 0
    else { return nil }
    let form = BernoulliForm(machine)
    var dataMoments = Moments(form: form, rows: data.rows, workers: workers)
    dataMoments.measure(data, weights: weights.map { $0.map { Float($0) } })
    var modelMoments = Moments(form: form, rows: chains.rows, workers: workers)
    let logWeights = account?.chainLogWeights
    let largest = logWeights?.max() ?? 0
    modelMoments.measure(
      chains, weights: logWeights.map { $0.map { Float(exp($0 - largest)) } })
    var gradient = LikelihoodGradient(form: form)
    gradient.form(
      data: dataMoments, model: modelMoments, visibleKind: machine.visible.kind,
      hiddenKind: machine.hidden.kind, centred: options.centred, workers: workers)
    let rate =
      options.learningRate * options.schedule.factor(update: update, total: options.updates)
      * (reservoir?.rateFactor ?? 1) / (1 - momentum)
    let g = gradient.weights.map { rate * Double($0) }
    return LinearAlgebra.sum(g, machine.weights.map { Double($0) }, factor: -rate * options.l2)
  }
}
