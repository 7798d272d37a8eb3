extension StringProtocol {
  /// The text without newlines at its end.
  var trimmingNewlines: String {
    var result = self[...]
    while result.last == "\n" { result.removeLast() }
    return String(result)
  }
}
