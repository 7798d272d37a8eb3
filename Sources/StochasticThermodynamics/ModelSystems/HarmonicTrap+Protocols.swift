internal import Foundation

extension HarmonicTrap {
  /// How a parameter goes from its first to its last value.
  public enum Course: String, Sendable, Codable, CaseIterable {
    /// All at once, at the beginning.
    case instant
    /// In equal steps.
    case linear
    /// With the least mean work of all protocols of the same duration, with jumps at both ends (Schmiedl
    /// and Seifert 2007).
    case optimal
    /// At constant thermodynamic speed: k^{−1/2} goes in equal steps (Sivak and Crooks 2012). What
    /// ``optimal`` becomes for long durations; for the centre the same as ``linear``.
    case geodesic
  }

  /// A trap that is stiffened in so many updates.
  ///
  /// Optimal softening in less than about half a relaxation time would need a repulsive trap, which this
  /// type does not hold.
  public static func stiffened(
    from first: Double, to last: Double, duration: Double, updates: Int, course: Course = .linear
  ) -> HarmonicTrap {
    precondition(first > 0 && last > 0 && duration >= 0 && updates > 0, "\(updates) updates")
    let count = Double(updates)
    let steps = (1...updates).map { Double($0) / count }
    let stiffnesses: [Double]
    switch course {
    case .instant: stiffnesses = steps.map { _ in last }
    case .linear: stiffnesses = steps.map { first + (last - first) * $0 }
    case .geodesic:
      let (a, b) = (1 / first.squareRoot(), 1 / last.squareRoot())
      stiffnesses = steps.map { pow(a + (b - a) * $0, -2) }
    case .optimal:
      // In each interval the value of its middle; then the jump to the last.
      stiffnesses =
        steps.map {
          optimalStiffness(from: first, to: last, duration: duration, at: $0 - 0.5 / count)
        } + [last]
    }
    return HarmonicTrap(
      settings: ([first] + stiffnesses).map { Setting(stiffness: $0) }, interval: duration / count)
  }

  /// A trap of one stiffness that is dragged by a distance in so many updates.
  public static func dragged(
    distance: Double, stiffness: Double = 1, duration: Double, updates: Int,
    course: Course = .linear
  ) -> HarmonicTrap {
    precondition(stiffness > 0 && duration >= 0 && updates > 0, "\(updates) updates")
    let count = Double(updates)
    let steps = (1...updates).map { Double($0) / count }
    let centres: [Double]
    switch course {
    case .instant: centres = steps.map { _ in distance }
    case .linear, .geodesic: centres = steps.map { distance * $0 }
    case .optimal:
      let time = stiffness * duration
      let middles = steps.map { time * ($0 - 0.5 / count) }
      centres = middles.map { distance * ($0 + 1) / (time + 2) } + [distance]
    }
    return HarmonicTrap(
      settings: ([0] + centres).map { Setting(stiffness: stiffness, centre: $0) },
      interval: duration / count)
  }

  /// ⟨W⟩ of an instant change of the stiffness, ½ (k₁/k₀ − 1).
  public static func instantWork(from first: Double, to last: Double) -> Double {
    (last / first - 1) / 2
  }

  /// ⟨W⟩ of the optimal stiffening.
  ///
  ///     ⟨W⟩ = ½ (k₁u² − 1) − ln(u/u₀) + (u − u₀)²/τ,   u² the variance at the end, u₀² = 1/k₀,
  ///
  /// because √variance grows linearly in time at the least work; u minimises the right-hand side.
  /// Schmiedl and Seifert 2007.
  public static func optimalWork(
    from first: Double, to last: Double, duration: Double
  ) -> Double {
    guard duration > 0 else { return instantWork(from: first, to: last) }
    let start = 1 / first.squareRoot()
    let end = optimalEnd(from: first, to: last, duration: duration)
    return (last * end * end - 1) / 2 - log(end / start)
      + (end - start) * (end - start) / duration
  }

  /// u: the positive root of (k₁ + 2/τ) u² − (2u₀/τ) u − 1 = 0.
  private static func optimalEnd(
    from first: Double, to last: Double, duration: Double
  ) -> Double {
    let slope = 1 / (first.squareRoot() * duration)
    let curvature = last + 2 / duration
    return (slope + (slope * slope + curvature).squareRoot()) / curvature
  }

  /// The optimal stiffness (1 − u u̇)/u² at a fraction of the duration, between the jumps.
  public static func optimalStiffness(
    from first: Double, to last: Double, duration: Double, at fraction: Double
  ) -> Double {
    guard duration > 0 else { return last }
    let start = 1 / first.squareRoot()
    let speed = (optimalEnd(from: first, to: last, duration: duration) - start) / duration
    let u = start + speed * duration * fraction
    return (1 - u * speed) / (u * u)
  }

  /// ⟨W⟩ of dragging at constant speed v = λ/τ: v² [τ − (1 − e^{−kτ})/k].
  ///
  /// The work is Gaussian and ΔF = 0, so its variance is 2⟨W⟩.
  public static func linearDragWork(
    distance: Double, stiffness k: Double = 1, duration: Double
  ) -> Double {
    guard duration > 0 else { return k * distance * distance / 2 }
    let speed = distance / duration
    return speed * speed * (duration + expm1(-k * duration) / k)
  }

  /// ⟨W⟩ of optimal dragging, kλ²/(kτ + 2), by λ(t) = λ (kt + 1)/(kτ + 2) with jumps at both ends.
  ///
  /// Schmiedl and Seifert 2007.
  public static func optimalDragWork(
    distance: Double, stiffness k: Double = 1, duration: Double
  ) -> Double {
    k * distance * distance / (k * duration + 2)
  }

  /// The friction of the stiffness, ζ(k) = 1/(4k³): slow driving dissipates ∫ ζ k̇² dt.
  public static func friction(stiffness: Double) -> Double {
    1 / (4 * stiffness * stiffness * stiffness)
  }

  /// The thermodynamic length ∫ √ζ dk = |k₀^{−1/2} − k₁^{−1/2}|; no slow protocol of duration τ dissipates
  /// less than its square over τ.
  public static func thermodynamicLength(from first: Double, to last: Double) -> Double {
    abs(1 / first.squareRoot() - 1 / last.squareRoot())
  }
}
