internal import Foundation

extension MonotoneSchedule {
  /// The course between two log-SNRs along which a term of the continuous bound varies least.
  ///
  /// ```
  /// minimise ∫ (λ′)² g(λ(t)) dt = ∫ |λ′| g dλ at fixed ∫ |λ′|⁻¹ dλ = 1   ⇒   |λ′| ∝ 1/√g,   g = E[(½|ε − ε̂|²)²|λ]
  /// ```
  ///
  /// The mean of a term does not depend on the course, so the least second moment is the least variance (Euler and
  /// Lagrange). g is measured: terms are binned by log-SNR, and in each piece of time the log-SNR falls by what the
  /// integral of √g asks for. Kingma et al. 2021 descend to the same optimum by gradients.
  ///
  /// - Parameters:
  ///   - first: λ at t = 0.
  ///   - last: λ at t = 1, below `first`.
  ///   - pieces: Straight pieces of the schedule.
  ///   - logSignalToNoise: λ of each measured term.
  ///   - errors: ½ |ε − ε̂|² of each.
  ///   - bins: Bins of λ, of equal width.
  public init(
    ofLeastVarianceFrom first: Double, to last: Double, pieces: Int,
    logSignalToNoise: [Double], errors: [Double], bins: Int = 32
  ) {
    precondition(first > last && pieces > 0 && bins > 0, "a schedule from \(first) to \(last)")
    var squares = [Double](repeating: 0, count: bins)
    var counts = squares
    for (lambda, error) in zip(logSignalToNoise, errors) {
      let place = (first - lambda) / (first - last) * Double(bins)
      let bin = min(bins - 1, max(0, Int(place)))
      squares[bin] += error * error
      counts[bin] += 1
    }
    var deviations = zip(squares, counts).map { $1 > 0 ? ($0 / $1).squareRoot() : 0 }
    // No piece may be without time.
    let floor = 1e-3 * (deviations.max() ?? 1)
    deviations = deviations.map { max($0, floor) }
    let total = deviations.reduce(0, +)
    // The part of the fall done when a part of the integral of √g is done.
    func fall(_ part: Double) -> Double {
      var left = part * total
      for bin in 0..<bins {
        if left <= deviations[bin] { return (Double(bin) + left / deviations[bin]) / Double(bins) }
        left -= deviations[bin]
      }
      return 1
    }
    let shares = (0..<pieces).map { piece in
      fall(Double(piece + 1) / Double(pieces)) - fall(Double(piece) / Double(pieces))
    }
    self.init(first: first, last: last, logSlopes: shares.map { log(max($0, 1e-12)) })
  }
}
