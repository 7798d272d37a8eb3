internal import BoltzmannMachines
internal import DataSets

/// The command that does a run again, with every option spelled out.
struct TrainCommandLine {
  let description: RunDescription

  /// Words of the command.
  var words: [String] {
    let training = description.training
    let model = description.model
    let reading = description.reading
    var words = ["szilard", "train", description.data, "--run", "again"]
    func add(_ option: String, _ value: String?) {
      // A value that begins with a dash would be taken for an option.
      guard let value else { return }
      words += value.hasPrefix("-") ? ["\(option)=\(value)"] : [option, value]
    }
    if let test = description.test {
      add("--test", test)
    } else {
      add("--held-out", "\(description.heldOut)")
    }
    add("--visible-units", model.visibleUnits)
    add("--hidden-units", model.hiddenUnits)
    add("--hidden", "\(model.hidden)")
    add("--method", training.method.rawValue)
    add("--gibbs-steps", "\(training.gibbsSteps)")
    add("--chains", "\(training.chains)")
    add("--batch-size", "\(training.batchSize)")
    add("--learning-rate", "\(training.learningRate)")
    add("--schedule", training.schedule)
    add("--optimizer", training.optimizer)
    if training.optimizer != "adam" { add("--momentum", "\(training.momentum)") }
    add("--updates", "\(training.updates)")
    add("--l1", "\(training.l1)")
    add("--l2", "\(training.l2)")
    if !training.centred { words.append("--no-centring") }
    add("--initial-weights", "\(training.initialWeights)")
    add("--evaluate-every", "\(description.evaluateEvery)")
    add("--checkpoint-every", "\(description.checkpointEvery)")
    add("--temperatures", "\(description.temperatures)")
    if reading.transpose { words.append("--transpose") }
    add("--binarize", reading.binarize)
    add("--alphabet", reading.alphabet)
    add("--key", reading.key)
    add("--variables", reading.variables)
    add("--sequence-weights", reading.sequenceWeights.map { "\($0)" })
    add("--limit", reading.limit.map { "\($0)" })
    add("--seed", "\(training.seed)")
    add("--kernels", description.machine.instructionSet)
    return words
  }

  /// The command for a shell.
  var text: String { words.map { TrainCommandLine.quoted($0) }.joined(separator: " ") }

  /// A word as a POSIX shell reads it back.
  static func quoted(_ word: String) -> String {
    let plain = word.allSatisfy { character in
      character.isASCII
        && (character.isLetter || character.isNumber || "-_=:,./+@%".contains(character))
    }
    if plain, !word.isEmpty { return word }
    return "'" + word.replacing("'", with: "'\\''") + "'"
  }
}
