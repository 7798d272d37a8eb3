internal import Foundation
package import StochasticThermodynamics

/// A table of checks, a row each, with what to do about those that do not pass.
package struct CheckTable {
  let checks: [Check]

  /// A table.
  package init(_ checks: [Check]) { self.checks = checks }

  /// The table.
  package var html: String {
    """
    <div class="wide">
    <table>
    <thead><tr><th>check</th><th class="number">statistic</th><th class="number">expected</th>\
    <th class="number">interval</th><th class="number">trajectories</th><th>verdict</th></tr></thead>
    <tbody>
    \(checks.map(row).joined(separator: "\n"))
    </tbody>
    </table>
    </div>
    """
  }

  /// How many pass, fail and are unresolved.
  package static func summary(_ verdicts: [Check.Verdict], of things: String) -> String {
    func count(_ verdict: Check.Verdict) -> Int { verdicts.count { $0 == verdict } }
    return "\(count(.pass)) of \(verdicts.count) \(things) pass, \(count(.fail)) fail, "
      + "\(count(.unresolved)) are unresolved."
  }

  /// A verdict in its colour.
  package static func word(_ verdict: Check.Verdict) -> String {
    "<span class=\"\(verdict == .pass ? "good" : "bad")\">\(verdict.rawValue)</span>"
  }

  /// Two rows where there is something to say, else one.
  private func row(_ check: Check) -> String {
    let relation = check.relation == .equal ? "" : check.relation == .atLeast ? "≥ " : "≤ "
    let (low, high) = (check.interval.lowerBound, check.interval.upperBound)
    let interval =
      low < high && (low.isFinite || high.isFinite)
      ? "[\(NumberText.general(low)), \(NumberText.general(high))]" : ""
    let told = [check.reason, check.advice].filter { !$0.isEmpty }.joined(separator: ". → ")
    let note =
      told.isEmpty
      ? "" : "\n<tr class=\"note\"><td colspan=\"6\" class=\"quiet\">\(HTML.escape(told))</td></tr>"
    let trajectories = check.trajectories > 0 ? "\(check.trajectories)" : "exact"
    return """
      <tr\(told.isEmpty ? "" : " class=\"told\"")><td>\(HTML.escape(check.name))</td>\
      <td class="number">\(NumberText.general(check.statistic))</td>\
      <td class="number">\(relation)\(NumberText.general(check.expected))</td>\
      <td class="number">\(interval)</td><td class="number">\(trajectories)</td>\
      <td>\(CheckTable.word(check.verdict))</td></tr>\(note)
      """
  }
}
