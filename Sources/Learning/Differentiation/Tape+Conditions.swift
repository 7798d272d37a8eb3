internal import Foundation
internal import NumericalCore

extension Tape {
  /// Waves of the log-signal-to-noise ratio λ, by which a network tells where it stands.
  ///
  ///     cos 2π(f_k λ),  sin 2π(f_k λ),    f_k from 1/64 to 1/2 in equal ratios
  ///
  /// λ is held within ±20.
  ///
  /// - Parameter count: Numbers for each sample, even.
  public func waves(of conditions: ArraySlice<NetworkCondition>, count: Int) -> Node {
    let output = node(samples: conditions.count, channels: count)
    let half = count / 2
    let frequencies = (0..<count).map { k in
      Float(pow(2, -6 + 5 * Double(k % half) / Double(Swift.max(1, half - 1))))
    }
    // sin x = cos(x − π/2).
    let phases = (0..<count).map { Float($0 < half ? 0 : -0.25) }
    let ratios = conditions.map { Float(Swift.min(20, Swift.max(-20, $0.logSignalToNoise))) }
    kernels.cosineWaves(ratios, frequencies: frequencies, phases: phases, out: output.value)
    return output
  }

  /// Normalised Gaussian bumps in time (Sohl-Dickstein et al. 2015, appendix D.2.1):
  ///
  ///     g_j(t) = exp(−(t − τ_j)² / 2w²) / Σ_k exp(−(t − τ_k)² / 2w²)
  ///
  /// with τ_j at equal distances w inside of 0 … T.
  public func temporalBumps(
    of conditions: ArraySlice<NetworkCondition>, count: Int, steps: Int
  ) -> Node {
    let output = node(samples: conditions.count, channels: count)
    let spacing = Double(steps) / Double(count)
    for (row, condition) in conditions.enumerated() {
      let exponents = (0..<count).map { j in
        let distance = (Double(condition.step) - (Double(j) + 0.5) * spacing) / spacing
        return -distance * distance / 2
      }
      let total = logSumExp(exponents)
      for j in 0..<count { output.value[row * count + j] = Float(exp(exponents[j] - total)) }
    }
    return output
  }
}
