/// Whether two numbers agree to a relative or an absolute tolerance; equal infinities agree, NaN with
/// nothing.
package func isClose(
  _ a: Double, _ b: Double, relative: Double = 1e-12, absolute: Double = 0
) -> Bool {
  if a == b { return true }
  let difference = Swift.abs(a - b)
  return difference <= absolute
    || difference <= relative * Swift.max(Swift.abs(a), Swift.abs(b)) && difference.isFinite
}
