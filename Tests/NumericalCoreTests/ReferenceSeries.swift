/// Noise in −½ ..< ½ that other languages reproduce to the last bit: xₙ = (1103515245 xₙ₋₁ + 12345) mod 2³¹.
func linearCongruential(_ count: Int, seed: UInt64) -> [Double] {
  var state = seed
  return (0..<count).map { _ in
    state = (state * 1_103_515_245 + 12345) % (1 << 31)
    return Double(state) / Double(1 << 31) - 0.5
  }
}

/// xₜ = φ xₜ₋₁ + noise, from zero, and shifted.
func autoregressive(_ count: Int, _ coefficient: Double, seed: UInt64, shift: Double = 0)
  -> [Double]
{
  var x = 0.0
  return linearCongruential(count, seed: seed).map { noise in
    x = coefficient * x + noise
    return x + shift
  }
}
