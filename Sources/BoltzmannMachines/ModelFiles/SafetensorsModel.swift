package import DataSets
internal import Foundation
package import NumericalCore

/// A machine as safetensors: `weights` [visible, hidden] or [visible, colours, hidden],
/// `visible_bias`, `hidden_bias`, and where they apply `visible_variance`, `hidden_variance`,
/// `data_means`; unit kinds, alphabet and the sign convention in the metadata.
package enum SafetensorsModel {
  static let convention = "E = - v.W.h - a.v - b.h + x^2/(2 variance); p = exp(-E)/Z"

  /// The file's contents.
  package static func encode(_ machine: RestrictedBoltzmannMachine) -> Safetensors {
    let colours = machine.visible.kind.channels
    let isPotts = machine.visible.kind.channels > 1 || machine.visible.kind.name == "potts"
    let shape =
      isPotts
      ? [machine.visible.count, colours, machine.hidden.count]
      : [machine.visible.count, machine.hidden.count]
    var tensors = [
      "weights": StoredArray(machine.weights.elements, shape: shape),
      "visible_bias": StoredArray(
        machine.visible.biases,
        shape: isPotts ? [machine.visible.count, colours] : [machine.visible.count]),
      "hidden_bias": StoredArray(machine.hidden.biases),
    ]
    if machine.visible.kind == .gaussian {
      tensors["visible_variance"] = StoredArray(machine.visible.variances)
    }
    if machine.hidden.kind == .gaussian {
      tensors["hidden_variance"] = StoredArray(machine.hidden.variances)
    }
    if let means = machine.dataMeans { tensors["data_means"] = StoredArray(means) }
    var metadata = [
      "format": "szilard-rbm-1", "visible_units": machine.visible.kind.name,
      "hidden_units": machine.hidden.kind.name, "energy": convention,
    ]
    metadata["alphabet"] = machine.alphabet
    metadata["shape"] = machine.shape.map { $0.map(String.init).joined(separator: ",") }
    return Safetensors(tensors: tensors, metadata: metadata)
  }

  static func load(_ path: String) throws(SzilardError) -> RestrictedBoltzmannMachine {
    try decode(Safetensors(path: path), path: path)
  }

  /// The machine in a file's contents.
  package static func decode(
    _ file: Safetensors, path: String
  ) throws(SzilardError) -> RestrictedBoltzmannMachine {
    func tensor(_ name: String) throws(SzilardError) -> StoredArray {
      guard let tensor = file.tensors[name] else {
        throw SzilardError(
          .badData,
          "\(path): there is no tensor '\(name)'; expected weights, visible_bias and hidden_bias")
      }
      return tensor
    }
    let weights = try tensor("weights")
    let colours = weights.shape.count == 3 ? weights.shape[1] : 0
    func kind(_ key: String, _ fallback: UnitKind) throws(SzilardError) -> UnitKind {
      guard let name = file.metadata[key] else { return fallback }
      guard let kind = UnitKind(name: name, colours: colours) else {
        throw SzilardError(.badData, "\(path): \(key) '\(name)' is not a kind of unit")
      }
      return kind
    }
    let visibleKind = try kind("visible_units", colours > 0 ? .potts(colours: colours) : .bernoulli)
    let hiddenKind = try kind("hidden_units", .bernoulli)
    guard hiddenKind.channels == 1 else {
      throw SzilardError(.badData, "\(path): hidden Potts units are not supported")
    }
    let visibleBias = try tensor("visible_bias")
    var machine = try ModelFile.machine(
      weights: weights.floats, shape: weights.shape,
      visibleBiases: visibleBias.floats, hiddenBiases: tensor("hidden_bias").floats,
      visibleKind: visibleKind, hiddenKind: hiddenKind, path: path)
    let sites = Array(weights.shape.dropLast())
    guard visibleBias.shape.count == 1 || visibleBias.shape == sites else {
      throw SzilardError(
        .badData,
        "\(path): visible_bias has the shape \(visibleBias.shape); expected \(sites), as the "
          + "weights have the shape \(weights.shape)")
    }
    machine.visible.variances = try variances(
      "visible_variance", of: machine.visible, in: file, path: path)
    machine.hidden.variances = try variances(
      "hidden_variance", of: machine.hidden, in: file, path: path)
    machine.dataMeans = file.tensors["data_means"]?.floats
    machine.alphabet = file.metadata["alphabet"]
    if let text = file.metadata["shape"] {
      machine.shape = text.split(separator: ",").map {
        Int($0.trimmingCharacters(in: .whitespaces)) ?? 0
      }
    }
    try ModelFile.checkMetadata(of: machine, path: path)
    return machine
  }

  /// The variances of a layer: those of the file, one a unit; without any, the layer's own (1).
  private static func variances(
    _ name: String, of layer: Layer, in file: Safetensors, path: String
  ) throws(SzilardError) -> [Float] {
    guard layer.kind == .gaussian, let tensor = file.tensors[name] else { return layer.variances }
    guard tensor.shape == [layer.count] else {
      throw SzilardError(
        .badData, "\(path): \(name) has the shape \(tensor.shape); expected [\(layer.count)]")
    }
    return tensor.floats
  }
}
