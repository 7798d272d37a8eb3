internal import ArgumentParser
internal import BoltzmannMachines
internal import DataSets
internal import Foundation
internal import NumericalCore

/// Options of every command that computes.
struct ComputeOptions: ParsableArguments {
  @Option(help: "Number of threads (default: all cores). Results do not depend on it.")
  var threads: Int?

  @Option(help: "Kernels: baseline, avx2, avx512 or neon (default: the best the processor has).")
  var kernels: String?

  func validate() throws {
    if let threads, threads < 1 || threads > 4096 {
      throw ValidationError("--threads \(threads): give a number from 1 to 4096")
    }
  }

  /// Applies the choice of kernels and returns the workers.
  func apply() throws -> Workers {
    if let kernels {
      guard let set = InstructionSet(name: kernels) else {
        throw SzilardError(
          .usage, "--kernels \(kernels): give baseline, avx2, avx512 or neon")
      }
      try InstructionSet.use(set)
    }
    return Workers(count: threads)
  }
}

/// Options on how data files are read.
struct ReadingOptions: ParsableArguments {
  @Flag(help: "The file has one sample a column instead of one a row.")
  var transpose = false

  @Option(
    help: """
      Make the data two-valued: a threshold (values above it are 1; bytes are scaled to 0...1), or \
      'probabilities' (each value is the probability of a 1).
      """)
  var binarize: String?

  @Option(help: "Letters of sequences: protein, rna, dna or the letters themselves.")
  var alphabet: String?

  @Option(help: "The array to read from an .npz or .h5 file.")
  var key: String?

  @Option(help: "Force the kind of variables: binary, spin, categorical or continuous.")
  var variables: String?

  @Option(help: "Weigh sequences by 1 / (number of sequences at least so identical, e.g. 0.8).")
  var sequenceWeights: Double?

  @Option(help: "Read at most so many samples.")
  var limit: Int?

  var reading: RunDescription.Reading {
    var result = RunDescription.Reading()
    result.transpose = transpose
    result.binarize = binarize
    result.alphabet = alphabet
    result.key = key
    result.variables = variables
    result.sequenceWeights = sequenceWeights
    result.limit = limit
    return result
  }
}

extension ReadingDescription {
  /// The options for the data module.
  func options(seed: UInt64, workers: Workers) throws(SzilardError) -> DataOptions {
    var options = DataOptions()
    options.transpose = transpose
    options.workers = workers
    options.key = key
    options.limit = limit
    if let binarize {
      if binarize == "probabilities" {
        options.binarisation = .probabilities(seed: seed)
      } else if let threshold = Double(binarize), threshold.isFinite {
        options.binarisation = .threshold(threshold)
      } else {
        throw SzilardError(
          .usage, "--binarize \(binarize): give a number or 'probabilities'")
      }
    }
    if let alphabet { options.alphabet = try Alphabet(alphabet) }
    if let variables {
      guard let kind = RequestedKind(rawValue: variables) else {
        throw SzilardError(
          .usage, "--variables \(variables): give binary, spin, categorical or continuous")
      }
      options.variableKind = kind
    }
    if let sequenceWeights {
      guard sequenceWeights > 0, sequenceWeights <= 1 else {
        throw SzilardError(
          .usage, "--sequence-weights \(sequenceWeights): give an identity in (0, 1]")
      }
      options.sequenceIdentityThreshold = sequenceWeights
    }
    if let limit, limit < 1 {
      throw SzilardError(.usage, "--limit \(limit): give a number of samples, at least 1")
    }
    return options
  }
}

/// Data to train on, and data held out: those of `test`, or a part of the others (a tenth unless said).
func loadTrainingData(
  _ data: String, test: String?, heldOut: Double?, reading: ReadingDescription, seed: UInt64,
  workers: Workers
) throws -> (train: DataSet, held: DataSet?) {
  let options = try reading.options(seed: seed, workers: workers)
  let all = try loadData(data, options)
  guard all.count > 0 else { throw SzilardError(.badData, "\(all.name): holds no samples") }
  if let test {
    let held = try loadData(test, options)
    guard held.count > 0 else { throw SzilardError(.badData, "--test \(test): holds no samples") }
    guard held.unitCount == all.unitCount else {
      throw SzilardError(
        .badData,
        "--test \(test): has \(held.unitCount) units a sample, the training data \(all.unitCount)")
    }
    return (all, held)
  }
  let fraction = heldOut ?? 0.1
  let (held, train) = all.split(fraction: fraction, seed: seed)
  guard train.count > 0 else {
    throw SzilardError(.badData, "--held-out \(fraction): leaves no sample to train on")
  }
  return (train, held.count > 0 ? held : nil)
}

/// Loads data and tells what was noteworthy about them.
func loadData(_ argument: String, _ options: DataOptions) throws(SzilardError) -> DataSet {
  let data = try DataSet.load(argument, options: options)
  for note in data.notes { Console.message("\(data.name): \(note)") }
  return data
}

/// The samples of a data argument as states of a machine's visible units.
func loadStates(
  _ argument: String, _ reading: RunDescription.Reading, for machine: RestrictedBoltzmannMachine,
  option: String = "--data", labels: String? = nil, seed: UInt64, workers: Workers
) throws(SzilardError) -> (states: StateMatrix, weights: [Double]?, set: DataSet) {
  var reading = reading
  if reading.alphabet == nil, let alphabet = machine.alphabet { reading.alphabet = alphabet }
  var options = try reading.options(seed: seed, workers: workers)
  options.labelsPath = labels
  let set = try loadData(argument, options)
  guard set.unitCount == machine.visible.count else {
    throw SzilardError(
      .badData,
      "\(option) \(argument): has \(set.unitCount) units a sample, the model \(machine.visible.count)"
    )
  }
  guard set.count > 0 else {
    throw SzilardError(.badData, "\(option) \(argument): holds no samples")
  }
  return (try set.states(for: machine.visible.kind), set.weights, set)
}

/// The samples that a run was trained on.
func trainingData(
  of description: RunDescription, workers: Workers
) throws(SzilardError) -> DataSet {
  let seed = description.training.seed
  let all = try loadData(
    description.data, description.reading.options(seed: seed, workers: workers))
  return description.test == nil
    ? all.split(fraction: description.heldOut, seed: seed).second : all
}

/// The seed that was asked for, or a fresh one.
func resolvedSeed(_ seed: UInt64?) -> UInt64 {
  seed ?? UInt64.random(in: 0..<(1 << 53))
}
