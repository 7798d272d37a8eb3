// The loops that steps are made of.

/// y ← y + a x.
func add(_ a: Double, _ x: [Double], to y: inout [Double]) {
  precondition(x.count == y.count)
  x.withUnsafeBufferPointer { x in
    y.withUnsafeMutableBufferPointer { y in
      for k in 0..<x.count { y[k] += a * x[k] }
    }
  }
}

/// x ← a x.
func scale(_ x: inout [Double], by a: Double) {
  x.withUnsafeMutableBufferPointer { x in
    for k in 0..<x.count { x[k] *= a }
  }
}

/// Σ xₖ yₖ.
func dot(_ x: [Double], _ y: [Double]) -> Double {
  precondition(x.count == y.count)
  var sum = 0.0
  for k in 0..<x.count { sum += x[k] * y[k] }
  return sum
}

/// √(Σ xₖ²).
func norm(_ x: [Double]) -> Double { dot(x, x).squareRoot() }
