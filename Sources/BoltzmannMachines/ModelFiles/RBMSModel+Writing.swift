internal import DataSets
internal import Foundation
internal import NumericalCore

extension RBMSModel {
  /// Writes one machine, as the update 1, so that `rbms` 0.5.0 loads it.
  ///
  /// Hyperparameters are the defaults of `rbms`, and the states of its random generators those of
  /// seed 0.
  static func save(
    _ machine: RestrictedBoltzmannMachine, to path: String
  ) throws(SzilardError) {
    let type = try type(of: machine, path: path)
    let (visible, hidden) = (machine.visible, machine.hidden)
    let sites = type == .pottsBernoulli ? [visible.count, visible.kind.channels] : [visible.count]
    try HDF5File.write(to: path) { file throws(SzilardError) in
      try file.write(type.rawValue, to: "model_type")
      let update = "update_1"
      try file.write(
        StoredArray(machine.weights.elements, shape: sites + [hidden.count]),
        to: update + "/params/weight_matrix")
      try file.write(StoredArray(visible.biases, shape: sites), to: update + "/params/vbias")
      try file.write(StoredArray(hidden.biases), to: update + "/params/hbias")
      for name in ["weight_matrix", "vbias", "hbias"] {
        try file.link("\(update)/params/\(name)", as: "\(update)/\(name)")
      }
      try writeGenerators(to: file, update)
      try file.write(0.0, to: update + "/time")
      try file.write(true, to: update + "/flags/checkpoint")
      try file.write(true, to: update + "/save_checkpoint")
      try file.write(
        StoredArray(chains(of: machine), shape: [chainCount, visible.count]), to: "parallel_chains")
      try writeHyperparameters(of: machine, to: file, path)
      try writeOwnGroup(of: machine, to: file)
    }
  }

  /// The model type, or an error that says what to do instead.
  private static func type(
    of machine: RestrictedBoltzmannMachine, path: String
  ) throws(SzilardError) -> RBMSType {
    let (visible, hidden) = (machine.visible, machine.hidden)
    guard let type = RBMSType(visible: visible.kind, hidden: hidden.kind) else {
      let kinds = "\(visible.kind.name) visible and \(hidden.kind.name) hidden units"
      let twoValued = [UnitKind.bernoulli, .spin]
      let convertible =
        hidden.kind == .spin && visible.kind != .gaussian
        || visible.kind == .spin && twoValued.contains(hidden.kind)
      throw SzilardError(
        .usage,
        "\(path): rbms has no model with \(kinds); "
          + (convertible
            ? "convert it with --units bernoulli, or write .safetensors or .npz"
            : "write .safetensors or .npz"))
    }
    let variance = RBMSType.hiddenVariance(visibleCount: visible.count)
    if let unit = hidden.variances.firstIndex(where: { $0 != variance }) {
      throw SzilardError(
        .usage,
        "\(path): the Gaussian hidden units of rbms have the variance 1/(visible units) = "
          + "\(variance); that of hidden unit \(unit) is \(hidden.variances[unit]). Write "
          + ".safetensors or .npz")
    }
    return type
  }

  /// Chains that a file carries.
  ///
  /// With none, `rbms train --restore` would go on without the model's half of the gradient and not
  /// say so.
  private static let chainCount = 100
  private static let sweeps = 100

  /// Visible states after some sweeps from independent units, as `rbms` stores them: values of the
  /// units, colours as numbers.
  ///
  /// They need not be in equilibrium.
  private static func chains(of machine: RestrictedBoltzmannMachine) -> [Float] {
    LinearAlgebra.useOneThread()
    let form = BernoulliForm(machine)
    var visible = Trainer.randomStates(
      of: machine, rows: chainCount, means: machine.dataMeans, seed: 0, purpose: .initialChains,
      step: 0)
    var hidden = StateMatrix(zerosFor: form.hidden, rows: chainCount)
    let sampler = GibbsSampler(form: form, chains: chainCount, workers: Workers())
    sampler.lanes.seedAll(seed: 0, purpose: .chains)
    sampler.run(visible: &visible, hidden: &hidden, sweeps: sweeps)
    if case .colours(let colours, _) = visible { return colours.elements.map { Float($0) } }
    return (0..<chainCount).flatMap { row in
      RestrictedBoltzmannMachine.values(of: visible, row: row, in: machine.visible)
        .map { Float($0) }
    }
  }

  /// The states of the generators of PyTorch and NumPy, which `rbms train --restore` sets.
  private static func writeGenerators(
    to file: HDF5File, _ update: String
  ) throws(SzilardError) {
    let twister = MersenneTwister(seed: 0)
    try file.write(StoredArray(twister.torchState), to: update + "/torch_rng_state")
    try file.write("MT19937", to: update + "/numpy_rng_arg0")
    try file.write(
      StoredArray(
        type: .uint32, shape: [twister.words.count],
        bytes: twister.words.flatMap { word in
          withUnsafeBytes(of: word.littleEndian) { [UInt8]($0) }
        }),
      to: update + "/numpy_rng_arg1")
    try file.write(twister.words.count, to: update + "/numpy_rng_arg2")
    try file.write(0, to: update + "/numpy_rng_arg3")
    try file.write(0.0, to: update + "/numpy_rng_arg4")
  }

  private static func writeHyperparameters(
    of machine: RestrictedBoltzmannMachine, to file: HDF5File, _ path: String
  ) throws(SzilardError) {
    let integers = [
      "batch_size": 2000, "gibbs_steps": 100, "num_chains": chainCount,
      "num_hiddens": machine.hidden.count,
      "num_visibles": machine.visible.count, "seed": 0,
    ]
    for (name, value) in integers.sorted(by: { $0.key < $1.key }) {
      try file.write(value, to: "hyperparameters/\(name)")
    }
    for (name, value) in [("L1", 0.0), ("L2", 0.0), ("learning_rate", 0.01), ("train_size", 0.6)] {
      try file.write(value, to: "hyperparameters/\(name)")
    }
    try file.write((path as NSString).lastPathComponent, to: "hyperparameters/filename")
  }

  private static func writeOwnGroup(
    of machine: RestrictedBoltzmannMachine, to file: HDF5File
  ) throws(SzilardError) {
    if let alphabet = machine.alphabet { try file.write(alphabet, to: ownGroup + "/alphabet") }
    if let shape = machine.shape { try file.write(StoredArray(shape), to: ownGroup + "/shape") }
    if let means = machine.dataMeans {
      try file.write(StoredArray(means), to: ownGroup + "/data_means")
    }
  }
}

/// A fresh state of the generator MT19937 of Matsumoto and Nishimura 1998, doi:10.1145/272991.272995:
/// nothing is drawn from it here, files only carry it.
struct MersenneTwister {
  /// x₀ = seed, xᵢ = 1812433253 (xᵢ₋₁ ⊕ xᵢ₋₁ ≫ 30) + i modulo 2³² (their initialisation of 2002).
  let words: [UInt32]
  private let seed: UInt32

  init(seed: UInt32) {
    self.seed = seed
    var words = [seed]
    for i in 1..<624 {
      let last = words[i - 1]
      words.append(1_812_433_253 &* (last ^ last >> 30) &+ UInt32(i))
    }
    self.words = words
  }

  /// The state as PyTorch stores it, 5056 bytes: seed (8), words left (4) and a flag (4), the index
  /// of the next word (8), the words (8 each), 40 bytes of stored normal deviates.
  var torchState: [UInt8] {
    func bytes<Word: FixedWidthInteger>(_ word: Word) -> [UInt8] {
      withUnsafeBytes(of: word.littleEndian) { [UInt8]($0) }
    }
    var state = bytes(UInt64(seed)) + bytes(Int32(1)) + bytes(Int32(1)) + bytes(UInt64(0))
    for word in words { state += bytes(UInt64(word)) }
    return state + [UInt8](repeating: 0, count: 40)
  }
}
