extension Estimate {
  /// The mean of independent values, with Student's interval.
  package init(meanOf values: [Double], method: String) {
    let n = Double(values.count)
    self.init(
      value: mean(of: values), standardError: (variance(of: values) / max(1, n)).squareRoot(),
      degreesOfFreedom: max(1, n - 1), method: method, effectiveSampleSize: n,
      verdict: values.count > 1 ? .resolved : .unresolved("one value does not tell its error"))
  }
}
