internal import Foundation

/// The ferromagnetic Ising model on an L × L torus without a field: its exact thermodynamics.
///
/// ```
/// E(s) = − Σ s_i s_j     over the 2 L² bonds (right and down neighbour of every site)
/// p(s) = exp(−K E(s)) / Z(K)
/// ```
///
/// On a torus of two rows the right and the left neighbour are the same site, and their bond counts
/// twice.
///
/// ## Method
///
/// Kaufman's product formula. With t = e^(−2K), q = t (1 − t²), θ_l = π l / L,
///
/// ```
/// a_l = (1 + t²)²/2 − q cos θ_l,    y_l = a_l + √(a_l² − q²),    r_l = (q / y_l)^L
/// ln Z = 2 K L² − ln 2 + ln (O₊ + O₋ + E₊ + E₋)
/// O± = ∏_{l odd} y_l^{L/2} (1 ± r_l)                       l = 1, 3, …, 2L − 1
/// E± = ((1 − t)^L ± (t + t²)^L) ∏_{l even, l ≠ 0} y_l^{L/2} (1 ± r_l)     l = 2, 4, …, 2L − 2
/// ```
///
/// The factor of l = 0 in E₋ is negative below the critical coupling, as Kaufman's γ₀ is. All factors are divided by e^(2K) a site, so nothing overflows at low
/// temperature, and K = 0 is no special case. The energy is the derivative, taken exactly by dual
/// numbers.
///
/// ## References
///
/// B. Kaufman 1949, Phys. Rev. 76, 1232, doi:10.1103/PhysRev.76.1232.
public struct IsingModel: Sendable, Hashable {
  /// The side L of the torus.
  public let size: Int
  /// The coupling K over k_B T.
  public let inverseTemperature: Double

  /// The critical coupling of the infinite lattice, ln(1 + √2)/2.
  public static let criticalInverseTemperature = 0.44068679350977147

  /// The model on a torus of `size` × `size` sites.
  ///
  /// - Precondition: `size ≥ 2`, and `inverseTemperature ≥ 0` and finite. (An antiferromagnet of
  ///   even size is this model with every second spin turned over; of odd size it is frustrated, and
  ///   the terms of the formula cancel.)
  public init(size: Int, inverseTemperature: Double) {
    precondition(size >= 2, "an Ising model of size \(size)")
    precondition(
      inverseTemperature >= 0 && inverseTemperature.isFinite,
      "an inverse temperature of \(inverseTemperature)")
    self.size = size
    self.inverseTemperature = inverseTemperature
  }

  /// ln Z(K) of the whole torus.
  ///
  /// - Complexity: O(L) time.
  public var logPartitionFunction: Double { logPartition.value }

  /// ⟨E⟩ = −d ln Z / dK of the whole torus.
  public var meanEnergy: Double { 0 - logPartition.slope }

  /// The entropy ln Z + K ⟨E⟩ of the whole torus in nats.
  public var entropy: Double {
    let logZ = logPartition
    return logZ.value - inverseTemperature * logZ.slope
  }

  /// The energy of a state, `spins[row * size + column]` true for up.
  public func energy(of spins: [Bool]) -> Int {
    precondition(spins.count == size * size, "\(spins.count) spins on a torus of size \(size)")
    var aligned = 0
    for row in 0..<size {
      for column in 0..<size {
        let spin = spins[row * size + column]
        if spin == spins[row * size + (column + 1) % size] { aligned += 1 }
        if spin == spins[(row + 1) % size * size + column] { aligned += 1 }
      }
    }
    return 2 * size * size - 2 * aligned
  }

  /// ln p(s) of a state of the given energy.
  public func logProbability(energy: Int) -> Double {
    -inverseTemperature * Double(energy) - logPartitionFunction
  }

  /// ln Z and its derivative by K.
  private var logPartition: Dual {
    let length = Double(size)
    let coupling = Dual(inverseTemperature, slope: 1)
    let t = (-2 * coupling).exp
    let square = t * t
    let q = t * (1 - square)
    // a − q at θ = 0, written as a square: near the critical coupling a and q cancel.
    let gap = 0.5 * (1 - 2 * t - square).power(2)

    /// Σ ln y_l^{L/2}, Σ ln(1 + r_l), Σ ln(1 − r_l).
    func sums(over numbers: some Sequence<Int>) -> (base: Dual, plus: Dual, minus: Dual) {
      var result = (base: Dual(0), plus: Dual(0), minus: Dual(0))
      for l in numbers {
        let sine = sin(0.5 * .pi * Double(l) / length)
        let low = gap + (2 * sine * sine) * q  // a − q
        let y = low + q + (low * (low + 2 * q)).squareRoot
        let ratio = (q / y).power(size)
        result.base = result.base + (0.5 * length) * y.log
        result.plus = result.plus + ratio.logOnePlus
        result.minus = result.minus + (-1 * ratio).logOnePlus
      }
      return result
    }

    let odd = sums(over: stride(from: 1, to: 2 * size, by: 2))
    let even = sums(over: stride(from: 2, to: 2 * size, by: 2))
    // The factor of l = 0, which may vanish or be negative, stays out of the logarithms.
    let ordered = (1 - t).power(size)
    let disordered = (t + square).power(size)
    let reference = Dual(odd.base.value + odd.plus.value)
    let total =
      (odd.base + odd.plus - reference).exp + (odd.base + odd.minus - reference).exp
      + (ordered + disordered) * (even.base + even.plus - reference).exp
      + (ordered - disordered) * (even.base + even.minus - reference).exp
    return (2 * length * length) * coupling - Dual(log(2)) + reference + total.log
  }
}

private prefix func - (number: Dual) -> Dual { -1 * number }
