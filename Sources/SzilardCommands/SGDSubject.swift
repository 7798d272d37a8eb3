internal import DataSets
internal import Foundation
internal import Learning
internal import NumericalCore
internal import StochasticGradients

/// What a command `sgd` descends on: data and a model of them.
struct SGDSubject {
  enum Model {
    case linear(LinearModel)
    case network(NetworkModel)
  }

  let name: String
  let model: Model
  /// The rate that goes with the example; nil for one by the curvature.
  var rate: Double?
  var notes: [String] = []

  init(_ command: SGDCommand, seed: UInt64, workers: Workers) throws {
    let activation = Activation(rawValue: command.activation) ?? .tanh
    let hidden = (command.hidden ?? (command.data == "digits" ? "8" : "2")).split(separator: ",")
      .compactMap { Int($0) }.filter { $0 > 0 }
    switch command.data {
    case "regression":
      name = "the regression example"
      rate = 1e-7
      model = .network(
        try RegressionExample.model(
          seed: seed, hidden: hidden.isEmpty ? [2] : hidden, activation: activation,
          priorPrecision: command.priorPrecision ?? 20, deviation: command.noiseDeviation ?? 0.1))
    case "digits":
      let limit = command.limit ?? 2000
      let table = try SupervisedTable.digits(
        mnist: command.mnist ?? "", limit: limit, workers: workers)
      name = "\(table.inputs.rows) digits of 7 × 7 pixels"
      model = try SGDSubject.model(
        table, response: command.response ?? "categorical", hidden, activation, command
      ).model
      notes = [
        "Digits of 7 × 7 pixels, in the spirit of the paper's MNIST example, whose network and settings are not known to us."
      ]
    default:
      var options = DataOptions()
      options.variableKind = .continuous
      options.labelsPath = command.labels
      options.limit = command.limit
      options.workers = workers
      let data = try loadData(command.data, options)
      let table = try SupervisedTable(data, target: command.target)
      name = data.name
      let isBinary = table.targets.allSatisfy { $0 == 0 || $0 == 1 }
      let usual = table.hasLabels ? "categorical" : isBinary ? "bernoulli" : "gaussian"
      let (model, constantColumns) = try SGDSubject.model(
        table, response: command.response ?? usual, hidden, activation, command)
      self.model = model
      if constantColumns > 0 {
        notes.append("\(constantColumns) inputs that do not vary were left out.")
      }
    }
  }

  private static func model(
    _ table: SupervisedTable, response: String, _ hidden: [Int], _ activation: Activation,
    _ command: SGDCommand
  ) throws -> (model: Model, constantColumns: Int) {
    let isLinear = hidden.isEmpty && response != "categorical"
    let data = try RegressionData(
      table, isStandardised: !command.rawInputs, hasIntercept: isLinear)
    let inputs = data.inputs
    func result(_ model: Model) -> (Model, Int) { (model, data.constantColumns) }
    let precision = command.priorPrecision ?? (command.data == "digits" ? 20 : 1)
    if response == "categorical" {
      guard let (labels, count) = table.categories, count >= 2, count <= 1000 else {
        throw SzilardError(
          .badData, "the targets are not 2 to 1000 categories; give --response gaussian")
      }
      return result(
        .network(
          try .categories(
            network: DenseNetwork(
              layerSizes: [inputs.columns] + hidden + [count], activation: activation),
            inputs: inputs, labels: labels, priorPrecision: precision)))
    }
    let spread = variance(of: table.targets.map { Double($0) }).squareRoot()
    guard spread > 0 else { throw SzilardError(.badData, "the target does not vary") }
    let law: Response =
      response == "bernoulli"
      ? .bernoulli : .gaussian(deviation: command.noiseDeviation ?? spread / 2)
    guard !isLinear else {
      return result(
        .linear(
          try LinearModel(
            inputs: inputs, targets: table.targets, response: law, priorPrecision: precision)))
    }
    return result(
      .network(
        try NetworkModel(
          network: DenseNetwork(
            layerSizes: [inputs.columns] + hidden + [1], activation: activation),
          inputs: inputs,
          targets: Matrix(rows: inputs.rows, columns: 1, elements: table.targets),
          response: law, priorPrecision: precision)))
  }
}
