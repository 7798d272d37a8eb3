internal import Foundation
public import NumericalCore

/// The learning equations: gradient flow of the likelihood with mean-field states in place of chains.
///
///     dW_ij/dt = ⟨sᵢσⱼ⟩_data − Σ_p P_p [mᵢ m̄ⱼ + W_ij (1 − mᵢ²)(1 − m̄ⱼ²)]_p,     P_p ∝ e^{−G_p}
///     da/dt = ⟨s⟩_data − Σ_p P_p m_p,        db/dt = ⟨σ⟩_data − Σ_p P_p m̄_p
///
/// (±1 units, second order; in general −∂G/∂θ of ``MeanFieldGradient``). The data term is exact, the
/// model's is the sum over the minima of G that the samples lead to: the flow ascends the mean-field
/// likelihood. In the paramagnet the equation for a mode is dw/dt = w (C − 1); where minima split, modes
/// are learned until order parameters of data and model agree. Decelle, Fissore and Furtlehner 2017 and
/// 2018, with the states of the machine itself in place of those of an ensemble; as a way to train, Gabrié,
/// Tramel and Krzakala 2015.
///
/// Learning time t is rate × updates of a training with the same gradient, plain or centred
/// (``LikelihoodGradient``). Biased as the expansion is. Deterministic.
public struct MeanFieldLearning {
  /// The machine as it is now.
  public private(set) var machine: RestrictedBoltzmannMachine
  /// The learning time.
  public private(set) var time = 0.0
  /// The states of the machine at the beginning of the last step.
  public private(set) var states: MeanFieldStates
  /// The weights P of ``states`` that the last step used.
  public private(set) var weights: [Double]
  /// Steps between two searches for states from samples; between them the known minima are followed.
  public var searchInterval = 10

  private let isCentred: Bool
  private let solver: MeanFieldSolver
  private let data: StateMatrix
  private let dataWeights: [Double]?
  private let starts: Matrix<Double>
  private let workers: Workers
  private var steps = 0
  /// States of the machine as it is now, where they were searched for.
  private var found: MeanFieldStates?

  /// Learning that begins.
  ///
  /// - Parameters:
  ///   - machine: Where to begin.
  ///   - data: The samples.
  ///   - weights: Weights of the samples, or nil.
  ///   - centred: Whether the gradient is that in coordinates centred at the means of the data.
  ///   - starts: Samples, evenly spread over the data, that searches for states begin at.
  /// - Throws: ``SzilardError`` for units without mean-field equations.
  public init(
    machine: RestrictedBoltzmannMachine, data: StateMatrix, weights: [Double]? = nil,
    order: MeanFieldOrder = .tap, centred: Bool = false, starts count: Int = 256, workers: Workers
  ) throws(SzilardError) {
    try MeanFieldSolver.checkSupported(machine)
    self.machine = machine
    self.data = data
    isCentred = centred
    self.workers = workers
    dataWeights = weights
    solver = MeanFieldSolver(order: order, workers: workers)
    let count = Swift.min(count, data.rows)
    let rows = (0..<count).map { $0 * data.rows / count }
    starts = MeanFieldStarts.samples(data.selectingRows(rows), of: machine)
    states = MeanFieldStates(of: solver.states(of: machine, from: starts))
    self.weights = states.weights
  }

  /// Goes on by a step of learning time.
  ///
  /// - Returns: nil, or why nothing was changed.
  public mutating func advance(by step: Double) -> String? {
    let next = found ?? currentStates(isSearching: steps % searchInterval == 0)
    if next.distinct.isEmpty { return "no mean-field state converged; take smaller steps" }
    if next.minima.isEmpty { return "all mean-field states are saddles; take smaller steps" }
    let ascent = ascent(states: next, step: step)
    guard let changed = machine.adding(ascent.change, times: step) else {
      return "a parameter is no longer a finite number; take smaller steps"
    }
    states = next
    weights = ascent.weights
    machine = changed
    found = nil
    time += step
    steps += 1
    return nil
  }

  /// The log-likelihood of the data with ln Z from states of the machine; nil without states.
  public func logLikelihood(_ states: MeanFieldStates) -> MeanFieldLikelihood? {
    MeanFieldLikelihood(
      of: data, weights: dataWeights, under: machine, states: states, workers: workers)
  }

  /// The states of the machine as it is now: those that the known minima and the samples lead to.
  ///
  /// The next step takes them too.
  public mutating func search() -> MeanFieldStates {
    let states = found ?? currentStates(isSearching: true)
    found = states
    return states
  }

  private func currentStates(isSearching: Bool) -> MeanFieldStates {
    let known = states.minima
    var from = isSearching || known.isEmpty ? starts.elements : []
    for state in known { from += state.visible }
    let columns = machine.visible.size
    return MeanFieldStates(
      of: solver.states(
        of: machine,
        from: Matrix(rows: from.count / columns, columns: columns, elements: from)))
  }

  /// dθ/dt with the weights of the states that hold at the end of the step.
  ///
  /// The weights of states follow the parameters at a rate of the order of N_v N_h, far faster than the
  /// rest. They are taken at the end of the step, G_p(t + Δt) ≈ G_p − Δt g_p·dθ/dt with g = −∂G/∂θ:
  ///
  ///     P_p ∝ exp(−G_p + Δt g_p·A(D − Σ_q P_q g_q)),   D the data term,
  ///
  /// A the change to centred coordinates and back, or 1.
  private func ascent(
    states: MeanFieldStates, step: Double
  ) -> (change: [Double], weights: [Double]) {
    let moments = dataTerm()
    let data = moments.elements
    let live = states.distinct.indices.filter { !states.distinct[$0].isUnstable }
    var gradients = Matrix<Double>(rows: live.count, columns: data.count)
    for (row, index) in live.enumerated() {
      let gradient = MeanFieldGradient(of: machine, at: states.distinct[index])
      let term = ParameterVector(
        weights: gradient.weights, visible: gradient.visibleBiases, hidden: gradient.hiddenBiases)
      for (column, value) in term.elements.enumerated() { gradients[row, column] = value }
    }
    func direction(_ rows: Matrix<Double>) -> Matrix<Double> {
      isCentred ? moments.centring(rows) : rows
    }
    let ascent = direction(Matrix(rows: 1, columns: data.count, elements: data))
    let descents = direction(gradients)
    let gains = LinearAlgebra.product(gradients, ascent.transposed).elements
    let gram = LinearAlgebra.product(gradients, descents.transposed)
    let shares = ImplicitWeights.solve(
      fields: live.indices.map { step * gains[$0] - states.distinct[live[$0]].freeEnergy },
      repulsion: gram.map { step * $0 })
    let model = LinearAlgebra.product(
      Matrix(rows: 1, columns: live.count, elements: shares), descents)
    var weights = [Double](repeating: 0, count: states.distinct.count)
    for (row, index) in live.enumerated() { weights[index] = shares[row] }
    return (zip(ascent.elements, model.elements).map { $0 - $1 }, weights)
  }

  /// ⟨s σᵀ⟩, ⟨s⟩ and ⟨σ⟩ of the data, in native values.
  private func dataTerm() -> ParameterVector {
    let form = BernoulliForm(machine)
    var moments = Moments(form: form, rows: data.rows, workers: workers)
    moments.measure(data, weights: dataWeights?.map { Float($0) })
    func native(_ kind: UnitKind) -> (scale: Double, shift: Double) {
      (Double(kind.bitScale), Double(kind.bitShift))
    }
    let (v, h) = (native(machine.visible.kind), native(machine.hidden.kind))
    let x = moments.visible.map { v.scale * Double($0) + v.shift }
    let y = moments.hidden.map { h.scale * Double($0) + h.shift }
    // With s = αx + β, σ = γy + δ: ⟨s σ⟩ = αγ ⟨x y⟩ + δ ⟨s⟩ + β ⟨σ⟩ − β δ.
    var cross = Matrix<Double>(rows: x.count, columns: y.count)
    for i in x.indices {
      for j in y.indices {
        cross[i, j] =
          v.scale * h.scale * Double(moments.cross[i, j]) + h.shift * x[i] + v.shift * y[j]
          - v.shift * h.shift
      }
    }
    return ParameterVector(weights: cross, visible: x, hidden: y)
  }
}

extension RestrictedBoltzmannMachine {
  /// The machine with θ + factor · change, in the order W, a, b; nil where a parameter is not finite.
  fileprivate func adding(
    _ change: [Double], times factor: Double
  ) -> RestrictedBoltzmannMachine? {
    var result = self
    var next = 0
    func advanced(_ value: Float) -> Float {
      defer { next += 1 }
      return Float(Double(value) + factor * change[next])
    }
    for i in 0..<weights.rows {
      for j in 0..<weights.columns { result.weights[i, j] = advanced(weights[i, j]) }
    }
    result.visible.biases = visible.biases.map(advanced)
    result.hidden.biases = hidden.biases.map(advanced)
    return result.weights.elements.allSatisfy { $0.isFinite }
      && (result.visible.biases + result.hidden.biases).allSatisfy { $0.isFinite } ? result : nil
  }
}
