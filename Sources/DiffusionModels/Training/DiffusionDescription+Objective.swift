public import DataSets
internal import Foundation
public import NumericalCore

extension DiffusionDescription {
  /// The loss on a set of data.
  func objective(_ set: DataSet) throws(SzilardError) -> any TrainingObjective {
    switch kind {
    case .reverseKernel:
      return BoundObjective(data: try data(try continuous(set)), diffusion: try diffusion())
    case .denoiser:
      guard let head, let loss, let path else {
        throw SzilardError(.badData, "the description of a denoiser lacks its output, loss or path")
      }
      let samples = try data(try continuous(set))
      if loss == .hybrid {
        return HybridObjective(data: samples, head: head, diffusion: try diffusion())
      }
      var objective = DenoisingObjective(
        data: samples, head: head, loss: loss, path: try .named(path),
        earliest: DiffusionDescription.earliest)
      if let learnedPath { objective.follow(learnedPath) }
      return objective
    case .categorical:
      let chain = try categoricalDiffusion()
      return CategoricalObjective(
        data: try states(of: set), diffusion: chain, coding: try coding(sites: set.unitCount),
        crossEntropyWeight: crossEntropyWeight ?? 0, firstStep: lastStep == .model ? 1 : 2)
    }
  }

  /// Times below this are not drawn in training: 1/1000 of the path.
  static let earliest = 1e-3

  /// H_q(X_T|X_0) − H_q(X_1|X_0) − H_p(X_T) of a sample in nats, where the loss is the bound.
  ///
  /// - Parameter set: Data over which entropies of discrete chains are averaged.
  func boundEntropies(_ set: DataSet) throws(SzilardError) -> Double? {
    switch kind {
    case .reverseKernel:
      let chain = try diffusion()
      let each =
        chain.conditionalEntropy(chain.schedule.steps) - chain.conditionalEntropy(1)
        - GaussianDiffusion.priorEntropy
      return each * Double(shift?.count ?? 0)
    case .categorical where crossEntropyWeight ?? 0 == 0:
      let chain = try categoricalDiffusion()
      let states = try states(of: set)
      let edge = lastStep == .forward
      let values = (0..<chain.categories).map { c -> Double in
        let end =
          chain.conditionalEntropy(data: c, step: chain.steps)
          - chain.crossEntropy(data: c, step: chain.steps)
        guard edge else { return end }
        return end - chain.conditionalEntropy(data: c, step: 1)
          - chain.crossEntropy(data: c, step: 0) + chain.crossEntropy(data: c, step: 1)
      }
      var sum = 0.0
      for row in 0..<states.rows { for state in states.row(row) { sum += values[Int(state)] } }
      return sum / Double(states.rows)
    case .denoiser, .categorical: return nil
    }
  }

  /// The chain of discrete data.
  public func categoricalDiffusion() throws(SzilardError) -> CategoricalDiffusion {
    guard let categories, let noise else {
      throw SzilardError(.usage, "the model is one of continuous data")
    }
    let schedule = try schedule.schedule()
    if noise == .absorbing, schedule.signalPowers[schedule.steps] > 0 {
      throw SzilardError(
        .usage,
        "masks (--noise absorbing) must cover all in the end: the schedule \(self.schedule.name.rawValue) "
          + "leaves a signal power of \(schedule.signalPowers[schedule.steps]); take reciprocal")
    }
    if noise == .absorbing { return try .absorbing(categories: categories, schedule: schedule) }
    if let activity { return try .bernoulli(activity: activity, schedule: schedule) }
    return try .uniform(categories: categories, schedule: schedule)
  }

  /// What the last reverse step is: sites that are masked do not come back by the forward kernel.
  public var lastStep: LastStep { noise == .absorbing ? .model : .forward }

  func coding(sites: Int) throws(SzilardError) -> CategoricalCoding {
    CategoricalCoding(
      sites: sites, categories: categories ?? 2, hasMask: noise == .absorbing,
      schedule: try schedule.schedule())
  }

  /// Discrete samples as categories.
  ///
  /// - Throws: `badData` when the data are continuous or have more categories than the model.
  public func states(of set: DataSet) throws(SzilardError) -> Matrix<UInt8> {
    let result: Matrix<UInt8>
    switch set.values {
    case .colours(let colours, _): result = colours
    case .bits(let bits):
      var states = Matrix<UInt8>(rows: bits.rows, columns: bits.columns)
      for row in 0..<bits.rows {
        states.setRow(row, to: (0..<bits.columns).map { bits[row, $0] ? 1 : 0 })
      }
      result = states
    case .reals:
      throw SzilardError(
        .badData,
        "\(set.name): the data are continuous, the model one of discrete data; "
          + "--binarize makes bits of them")
    }
    let symbols = (categories ?? 2) - (noise == .absorbing ? 1 : 0)
    guard set.variableKind.categoryCount == symbols else {
      throw SzilardError(
        .badData,
        "\(set.name): has \(set.variableKind.categoryCount) values a site, the model "
          + "\(symbols)")
    }
    return result
  }

  private func continuous(_ set: DataSet) throws(SzilardError) -> Matrix<Float> {
    guard case .reals(let samples) = set.values else {
      throw SzilardError(
        .badData,
        "\(set.name): the data are discrete, the model one of continuous data; read them "
          + "with --variables continuous")
    }
    return samples
  }
}
