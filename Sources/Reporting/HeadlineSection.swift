internal import BoltzmannMachines
internal import NumericalCore

/// The numbers a reader came for.
struct HeadlineSection {
  let records: [TrainingRecord]

  var html: String {
    guard let record = records.last else { return "" }
    let estimate = record.logPartitionFunction
    let digits = NumberText.digits(for: estimate.interval)
    let hasExact = record.logLikelihood.contains { $0.exactLogLikelihood != nil }
    var rows = ""
    for value in record.logLikelihood.reversed() { rows += row(value, hasExact: hasExact) }
    rows += """
      <tr><th scope="row">ln Z</th>\
      <td class="number">\(NumberText.decimal(estimate.value, digits: digits))</td>\
      <td class="number">\(interval(estimate.interval, digits: digits))</td>\
      <td class="number quiet">–</td>\(hasExact ? "<td class=\"number quiet\">–</td><td class=\"number quiet\">–</td>" : "")</tr>

      """
    let exactHeads =
      hasExact
      ? "<th class=\"number\">true law</th><th class=\"number\">model lacks</th>" : ""
    return """
      \(verdict(record))
      <div class="wide">
      <table>
      <thead><tr><th>after update \(NumberText.grouped(record.update)), in nats</th>\
      <th class="number">value</th><th class="number">95 % interval</th>\
      <th class="number">± over new samples</th>\(exactHeads)</tr></thead>
      <tbody>
      \(rows)</tbody>
      </table>
      </div>
      <p class="quiet">Log-likelihoods are means over samples, in nats per sample. The interval is that \
      of ln Z, for these very samples; ± is the further 95 % uncertainty over other samples from the same \
      source. ln Z by \(HTML.escape(estimate.method)).</p>
      \(regress)
      """
  }

  private func row(_ value: DataLogLikelihood, hasExact: Bool) -> String {
    let digits = NumberText.digits(for: value.interval)
    var cells = """
      <tr><th scope="row">log-likelihood, \(HTML.escape(HeadlineSection.name(value.data)))</th>\
      <td class="number">\(NumberText.decimal(value.value, digits: digits))</td>\
      <td class="number">\(interval(value.interval, digits: digits))</td>\
      <td class="number">\(NumberText.short(1.96 * value.samplingError)) (\(NumberText.grouped(value.samples)))</td>
      """
    if let exact = value.exactLogLikelihood {
      cells += """
        <td class="number">\(NumberText.decimal(exact, digits: max(2, digits)))</td>\
        <td class="number">\(NumberText.decimal(exact - value.value, digits: max(2, digits)))</td>
        """
    } else if hasExact {
      cells += "<td class=\"number quiet\">unknown</td><td class=\"number quiet\">unknown</td>"
    }
    return cells + "</tr>\n"
  }

  private func interval(_ interval: ClosedRange<Double>, digits: Int) -> String {
    interval.lowerBound == interval.upperBound
      ? "exact" : NumberText.interval(interval, digits: digits)
  }

  /// The result in words.
  private func verdict(_ record: TrainingRecord) -> String {
    let subject = record.heldOut ?? record.logLikelihood.first
    if case .unresolved(let reason) = record.logPartitionFunction.verdict {
      return """
        <p class="verdict"><strong class="bad">Unresolved.</strong> ln Z is not known well enough, so \
        the log-likelihoods below are not to be believed: \(HTML.escape(reason)).</p>
        """
    }
    let interval = record.logPartitionFunction.interval
    let isExact = interval.lowerBound == interval.upperBound
    var text = """
      <p class="verdict"><strong class="good">Resolved.</strong> \
      \(isExact ? "ln Z is exact." : "The interval of ln Z can be relied on.")
      """
    if let subject {
      let digits = NumberText.digits(for: subject.interval)
      text +=
        " The model gives \(HTML.escape(HeadlineSection.name(subject.data))) "
        + "\(NumberText.decimal(subject.value, digits: digits)) nats per sample"
      if let exact = subject.exactLogLikelihood {
        let lack = exact - subject.value
        text +=
          lack >= 0
          ? ", \(NumberText.decimal(lack, digits: max(2, digits))) less than the true law does."
          : ", \(NumberText.decimal(-lack, digits: max(2, digits))) more on these samples than the true law: overfitting, or the luck of few samples."
      } else {
        text += "."
      }
    }
    return text + "</p>"
  }

  /// Says when the held-out likelihood was clearly better before: by more than both its uncertainties.
  private var regress: String {
    let resolved = records.compactMap { record in
      record.heldOut.flatMap { $0.verdict == .resolved ? (record.update, $0) : nil }
    }
    guard let last = resolved.last,
      let best = resolved.max(by: { $0.1.value < $1.1.value }),
      best.1.interval.lowerBound > last.1.interval.upperBound,
      best.1.value - last.1.value > 1.96 * last.1.samplingError
    else { return "" }
    let digits = NumberText.digits(for: last.1.interval)
    return """
      <p><strong class="bad">It was better before:</strong> held-out data had \
      \(NumberText.decimal(best.1.value, digits: digits)) nats per sample after update \
      \(NumberText.grouped(best.0)), \
      \(NumberText.decimal(best.1.value - last.1.value, digits: digits)) more than after update \
      \(NumberText.grouped(last.0)).</p>
      """
  }

  /// What a person calls the data of a record.
  static func name(_ data: String) -> String {
    switch data {
    case "train": "training data"
    case "test": "held-out data"
    default: data
    }
  }
}
