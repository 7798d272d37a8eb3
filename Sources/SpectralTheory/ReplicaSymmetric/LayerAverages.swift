internal import NumericalCore

/// Averages over one layer: its fields are a normal noise and the modes.
///
///     h = r (√v x + Σ_g c_g U^g),   x ~ N(0, 1)
///
/// As each U^g is a mixture of normal laws, (U, h) is jointly normal within a class of the mixture,
/// with means (ū, μ) and covariance (e, r c e): by Stein's lemma
///
///     E[U^g tanh h] = Σ P(class) ( ū_g E tanh h + r c_g e_g E sech² h ),
///     μ = r Σ c_g ū_g,   Var h = r² (v + Σ c_g² e_g)
///
/// so that only averages over one normal field are left, whatever the number of modes.
struct LayerAverages {
  /// E[U^g tanh h].
  private(set) var projections: [Double]
  /// E sech² h = 1 − E tanh² h.
  private(set) var susceptibility = 0.0
  /// E sech⁴ h.
  private(set) var fourth = 0.0
  /// Derivatives of (E[U^g tanh h], E tanh² h) by (c_g, v), shape [K + 1, K + 1].
  private(set) var jacobian: Matrix<Double>

  /// E tanh² h.
  var overlap: Double { 1 - susceptibility }

  init(_ law: ComponentLaw, couplings c: [Double], noise v: Double, scale r: Double) {
    let count = c.count
    projections = [Double](repeating: 0, count: count)
    jacobian = Matrix(rows: count + 1, columns: count + 1)
    let active = c.indices.filter { c[$0] != 0 }
    var derivatives = [Double](repeating: 0, count: (count + 1) * (count + 1))
    func add(_ row: Int, _ column: Int, _ value: Double) {
      derivatives[row * (count + 1) + column] += value
    }
    forEachClass(law, couplings: active.map { c[$0] }) { weight, classes in
      var mean = 0.0
      var variance = v
      for (g, one) in zip(active, classes) {
        mean += c[g] * one.mean
        variance += c[g] * c[g] * one.variance
      }
      let field = FieldAverages(mean: r * mean, variance: r * r * variance)
      let (m, s) = (field.magnetisation, field.susceptibility)
      // dE tanh = S dμ − X dVar,  dS = −2X dμ + (2S − 3F) dVar,  dq = −dS
      let x = field.skewness
      let curvature = 2 * s - 3 * field.fourth
      susceptibility += weight * s
      fourth += weight * field.fourth
      for (g, one) in zip(active, classes) {
        projections[g] += weight * (one.mean * m + r * c[g] * one.variance * s)
        add(g, g, weight * r * one.variance * s)
        let byMean = one.mean * s - 2 * r * c[g] * one.variance * x
        let byVariance = -one.mean * x + r * c[g] * one.variance * curvature
        for (other, two) in zip(active, classes) {
          add(
            g, other,
            weight * (byMean * r * two.mean + byVariance * 2 * r * r * c[other] * two.variance))
        }
        add(g, count, weight * byVariance * r * r)
        add(count, g, weight * (2 * x * r * one.mean - curvature * 2 * r * r * c[g] * one.variance))
      }
      add(count, count, -weight * curvature * r * r)
    }
    // A mode without coupling is independent of the field: only its own slope is left, E U² = 1.
    for g in c.indices where c[g] == 0 { add(g, g, r * susceptibility) }
    for row in 0...count {
      for column in 0...count { jacobian[row, column] = derivatives[row * (count + 1) + column] }
    }
  }

  /// E ln 2cosh h.
  static func logTwoCosh(
    _ law: ComponentLaw, couplings c: [Double], noise v: Double, scale r: Double
  ) -> Double {
    let active = c.filter { $0 != 0 }
    var sum = 0.0
    forEachClass(law, couplings: active) { weight, classes in
      var mean = 0.0
      var variance = v
      for (coupling, one) in zip(active, classes) {
        mean += coupling * one.mean
        variance += coupling * coupling * one.variance
      }
      sum += weight * FieldAverages.logTwoCosh(mean: r * mean, variance: r * r * variance)
    }
    return sum
  }
}

/// All combinations of the classes of the modes, with their probabilities.
private func forEachClass(
  _ law: ComponentLaw, couplings: [Double], _ body: (Double, [ComponentLaw.Normal]) -> Void
) {
  let mixture = law.mixture
  var choice = [Int](repeating: 0, count: couplings.count)
  var classes = [ComponentLaw.Normal](repeating: mixture[0], count: couplings.count)
  while true {
    var weight = 1.0
    for (mode, index) in choice.enumerated() {
      classes[mode] = mixture[index]
      weight *= classes[mode].weight
    }
    body(weight, classes)
    var mode = 0
    while mode < choice.count {
      choice[mode] += 1
      if choice[mode] < mixture.count { break }
      choice[mode] = 0
      mode += 1
    }
    if mode == choice.count { return }
  }
}
