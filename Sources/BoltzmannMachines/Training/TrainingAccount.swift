internal import DataSets
internal import Foundation
internal import NumericalCore
internal import StochasticThermodynamics

/// What a checkpoint keeps of the ledger: accounts and weights of the chains, sums, probes.
///
/// Numbers are kept as they are, so that a resumed run books the same bits as one that never stopped.
public struct TrainingAccount: Sendable, Equatable {
  /// Work and heat of the chains.
  public var ledger: TrainingLedger
  var chainLogWeights: [Double]?
  var chainLogAverage: Double
  var endEnergies: [Double]
  var probes: Probes?

  struct Probes: Sendable, Equatable {
    var states: StateMatrix
    var logWeights: [Double]
    var islandLogAverages: [Double]
    var energies: [Double]
    var resamplings: Int
    var baseLogPartitionFunction: Double
  }

  /// Single numbers, as text in the file; Swift writes doubles such that they are read back the same.
  private struct Sums: Codable {
    var updates: Int
    var work: [Double]
    var heat: [Double]
    var firstLawViolation: Double
    var recorded: TrainingLedger.Recorded
    var resamplings: Int
    var baseLogPartitionFunction: Double
    var chainLogAverage: Double
  }

  /// The account of a trainer; nil where no ledger is kept.
  init?(of trainer: Trainer) {
    guard let ledger = trainer.ledger else { return nil }
    self.ledger = ledger
    chainLogWeights = trainer.chainLogWeights
    chainLogAverage = trainer.chainLogAverage
    endEnergies = trainer.endEnergies
    probes = trainer.probes.map {
      Probes(
        states: $0.states, logWeights: $0.logWeights, islandLogAverages: $0.islandLogAverages,
        energies: $0.energies, resamplings: $0.resamplings,
        baseLogPartitionFunction: $0.baseLogPartitionFunction)
    }
  }

  /// Hands the account over to a trainer.
  func restore(to trainer: Trainer) throws(SzilardError) {
    trainer.restore(
      ledger: ledger, chainLogWeights: chainLogWeights, chainLogAverage: chainLogAverage,
      endEnergies: endEnergies)
    guard let probes, let target = trainer.probes else { return }
    guard
      target.restore(
        states: probes.states, logWeights: probes.logWeights,
        islandLogAverages: probes.islandLogAverages, energies: probes.energies,
        resamplings: probes.resamplings,
        baseLogPartitionFunction: probes.baseLogPartitionFunction)
    else {
      throw SzilardError(
        .badData,
        "the checkpoint has \(probes.states.rows) probes, the run asks for \(target.count)")
    }
  }

  /// Adds the account to a checkpoint.
  func write(to file: inout Safetensors) {
    if let rows = ledger.chains?.storage {
      file.tensors["ledger.chains"] = StoredArray(
        rows.flatMap { $0 }, shape: [rows.count, rows.first?.count ?? 0])
    }
    if let chainLogWeights { file.tensors["ledger.log_weights"] = StoredArray(chainLogWeights) }
    file.tensors["ledger.end_energies"] = StoredArray(endEnergies)
    if let probes {
      file.tensors["probes.states"] = StoredArray(states: probes.states)
      file.tensors["probes.log_weights"] = StoredArray(probes.logWeights)
      file.tensors["probes.energies"] = StoredArray(probes.energies)
      file.tensors["probes.islands"] = StoredArray(probes.islandLogAverages)
    }
    let sums = Sums(
      updates: ledger.updates, work: [ledger.work.sum, ledger.work.compensation],
      heat: [ledger.heat.sum, ledger.heat.compensation],
      firstLawViolation: ledger.firstLawViolation, recorded: ledger.recorded,
      resamplings: probes?.resamplings ?? 0,
      baseLogPartitionFunction: probes?.baseLogPartitionFunction ?? 0,
      chainLogAverage: chainLogAverage)
    // Sorted, so that the same run writes the same bytes.
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    if let text = try? encoder.encode(sums) {
      file.metadata["ledger"] = String(decoding: text, as: UTF8.self)
    }
  }

  /// Reads the account of a checkpoint; nil where it has none.
  init?(_ file: Safetensors, visible: Layer) throws(SzilardError) {
    guard let text = file.metadata["ledger"] else { return nil }
    let damaged = SzilardError(.badData, "the ledger is incomplete")
    guard let sums = try? JSONDecoder().decode(Sums.self, from: Data(text.utf8)),
      sums.work.count == 2, sums.heat.count == 2,
      let ends = file.tensors["ledger.end_energies"]
    else { throw damaged }
    var ledger = TrainingLedger(energies: nil)
    var chains: Ledger?
    if let stored = file.tensors["ledger.chains"] {
      guard stored.shape.count == 2, stored.shape[1] == ends.count else { throw damaged }
      let (width, values) = (stored.shape[1], stored.doubles)
      chains = Ledger(
        storage: (0..<stored.shape[0]).map { Array(values[$0 * width..<($0 + 1) * width]) })
      guard chains != nil else { throw damaged }
    }
    ledger.restore(
      chains: chains, updates: sums.updates,
      work: CompensatedSum(sum: sums.work[0], compensation: sums.work[1]),
      heat: CompensatedSum(sum: sums.heat[0], compensation: sums.heat[1]),
      firstLawViolation: sums.firstLawViolation, recorded: sums.recorded)
    self.ledger = ledger
    chainLogWeights = file.tensors["ledger.log_weights"]?.doubles
    chainLogAverage = sums.chainLogAverage
    endEnergies = ends.doubles
    guard let states = file.tensors["probes.states"] else { return }
    guard let states = states.states(of: visible), let weights = file.tensors["probes.log_weights"],
      let energies = file.tensors["probes.energies"], let islands = file.tensors["probes.islands"]
    else { throw damaged }
    probes = Probes(
      states: states, logWeights: weights.doubles, islandLogAverages: islands.doubles,
      energies: energies.doubles, resamplings: sums.resamplings,
      baseLogPartitionFunction: sums.baseLogPartitionFunction)
  }
}
