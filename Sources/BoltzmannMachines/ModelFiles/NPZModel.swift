internal import DataSets
internal import Foundation
internal import NumericalCore

/// A machine as an npz archive with the keys `weights` [visible, hidden] (or
/// [visible, colours, hidden]), `visible_bias`, `hidden_bias`; optional `visible_variance`,
/// `hidden_variance`, `data_means`, and `visible_units`, `hidden_units` as arrays of ASCII bytes.
enum NPZModel {
  static func load(_ path: String) throws(SzilardError) -> RestrictedBoltzmannMachine {
    let archive = try NPZArchive(path: path)
    var metadata: [String: String] = [:]
    for key in ["visible_units", "hidden_units", "alphabet", "shape"] {
      guard let array = archive.arrays[key] else { continue }
      guard array.type == .uint8 else {
        throw SzilardError(
          .badData,
          "\(path): '\(key)' must be text as an array of bytes (uint8), as "
            + "np.frombuffer(b\"…\", np.uint8) makes it")
      }
      metadata[key] = String(decoding: array.bytes, as: UTF8.self)
    }
    return try SafetensorsModel.decode(
      Safetensors(tensors: archive.arrays, metadata: metadata), path: path)
  }

  static func save(_ machine: RestrictedBoltzmannMachine, to path: String) throws(SzilardError) {
    let file = SafetensorsModel.encode(machine)
    var arrays = file.tensors
    for key in ["visible_units", "hidden_units", "alphabet", "shape"] {
      if let text = file.metadata[key] { arrays[key] = StoredArray(Array(text.utf8)) }
    }
    try NPZArchive(arrays).write(to: path)
  }
}
