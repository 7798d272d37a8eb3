internal import BoltzmannMachines
internal import DataSets
internal import NumericalCore

/// What was asked, where it ran, what it cost, and how to do it again.
struct DescriptionSection {
  let description: RunDescription

  var html: String {
    """
    <h2>What was asked</h2>
    \(table(asked))
    <h2>Where it ran, what it cost</h2>
    \(table(place))
    <h2>Do it again</h2>
    <pre><code>\(HTML.escape(TrainCommandLine(description: description).text))</code></pre>
    <p class="quiet">The same version, seed and kernels give the same bits, for any number of threads.</p>
    """
  }

  private func table(_ rows: [(String, String)]) -> String {
    let lines = rows.map {
      "<tr><th scope=\"row\">\(HTML.escape($0.0))</th><td>\(HTML.escape($0.1))</td></tr>"
    }
    return
      "<table class=\"options\">\n<tbody>\n\(lines.joined(separator: "\n"))\n</tbody>\n</table>"
  }

  private var asked: [(String, String)] {
    let model = description.model
    let training = description.training
    let reading = description.reading
    var rows: [(String, String)] = [
      ("data", description.data),
      (
        "held-out data",
        description.test
          ?? (description.heldOut > 0 ? "\(description.heldOut) of the data, at random" : "none")
      ),
    ]
    if reading.transpose { rows.append(("samples are", "columns of the file")) }
    func add(_ name: String, _ value: String?) {
      if let value { rows.append((name, value)) }
    }
    add(
      "made two-valued by", reading.binarize.map { $0 == "probabilities" ? $0 : "threshold \($0)" })
    add("alphabet", reading.alphabet)
    add("array in the file", reading.key)
    add("kind of variables", reading.variables)
    add("sequences weighted at identity", reading.sequenceWeights.map { "\($0)" })
    add("samples read at most", reading.limit.map { NumberText.grouped($0) })
    rows += [
      ("visible units", "\(NumberText.grouped(model.visible)) \(model.visibleUnits)"),
      ("hidden units", "\(NumberText.grouped(model.hidden)) \(model.hiddenUnits)"),
      (
        "negative phase",
        "\(training.method.rawValue), \(training.gibbsSteps) Gibbs sweeps an update"
      ),
      ("chains", NumberText.grouped(training.chains)),
      ("samples a batch", NumberText.grouped(training.batchSize)),
      (
        "optimizer",
        training.optimizer
          + (training.momentum > 0 ? " with momentum \(training.momentum)" : "")
      ),
      ("learning rate", "\(training.learningRate), \(training.schedule)"),
      ("gradients", training.centred ? "centred" : "plain"),
      ("updates", NumberText.grouped(training.updates)),
      ("penalties on the weights", "L1 \(training.l1), L2 \(training.l2)"),
      ("standard deviation of the initial weights", "\(training.initialWeights)"),
      ("updates between records", NumberText.grouped(description.evaluateEvery)),
      ("updates between checkpoints", NumberText.grouped(description.checkpointEvery)),
      ("seed", "\(training.seed)"),
    ]
    return rows
  }

  private var place: [(String, String)] {
    let machine = description.machine
    var rows = [
      ("version", "szilard \(description.version)"), ("host", machine.host),
      ("kernels", machine.instructionSet), ("BLAS", machine.blas),
      ("threads", "\(machine.threads)"),
      ("time", NumberText.duration(description.cost.seconds)),
    ]
    if let joules = description.cost.joules {
      rows.append(("energy", "\(NumberText.short(joules)) J"))
    }
    return rows
  }
}
