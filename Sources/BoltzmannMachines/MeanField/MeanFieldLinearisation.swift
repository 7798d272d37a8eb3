internal import NumericalCore

/// The mean-field equations to first order around some states, side by side.
///
///     M = A^{−1/2} C B^{−1/2}
///
/// with the Hessian [[A, −C], [−Cᵀ, B]] of G (``MeanFieldStability``). A small error of the visible means
/// becomes A^{−1/2} M Mᵀ A^{1/2} times itself in one sweep.
final class MeanFieldLinearisation {
  private let equations: MeanFieldEquations
  let rows: Int
  /// v' and κ' of both layers, and A^{−1/2}, B^{−1/2}.
  private var visibleSlopes: [[Double]] = []
  private var hiddenSlopes: [[Double]] = []
  private(set) var visibleScale: [Double]
  private(set) var hiddenScale: [Double]
  /// Whether A or B is not positive, which happens at third order alone.
  private(set) var isIndefinite: [Bool]

  /// The equations around states whose means are given row after row, in 0/1 units.
  init(visible x: [Double], hidden y: [Double], rows: Int, _ equations: MeanFieldEquations) {
    self.equations = equations
    self.rows = rows
    let power = equations.order.power
    let (nv, nh) = (equations.visible.count, equations.hidden.count)
    isIndefinite = [Bool](repeating: false, count: rows)
    visibleScale = []
    hiddenScale = []
    // Fields of variances and third cumulants: the same products as in a sweep.
    var xs = (0..<power).map { _ in [Double](repeating: 0, count: rows * nv) }
    var ys = (0..<power).map { _ in [Double](repeating: 0, count: rows * nh) }
    xs[0] = x
    ys[0] = y
    for (index, _) in (1..<power).enumerated() {
      for k in x.indices {
        xs[index + 1][k] = MeanFieldLinearisation.cumulant(index, x[k], equations.visible, k)
      }
      for k in y.indices {
        ys[index + 1][k] = MeanFieldLinearisation.cumulant(index, y[k], equations.hidden, k)
      }
    }
    let ofHidden = MeanFieldLinearisation.fields(equations, toHidden: true, xs, rows: rows)
    let ofVisible = MeanFieldLinearisation.fields(equations, toHidden: false, ys, rows: rows)
    func scales(_ means: [Double], _ fields: [[Double]], _ layer: MeanFieldLayer) -> [Double] {
      means.indices.map { k in
        if layer.isGaussian { return layer.variances[k % layer.count].squareRoot() }
        let m = means[k]
        let v = m * (1 - m)
        var factor = 1.0
        if power > 1 { factor += v * fields[1][k] }
        if power > 2 { factor += v * fields[2][k] * (1 - 2 * m) }
        guard factor > 0 else {
          isIndefinite[k / layer.count] = true
          return 0
        }
        return (v / factor).squareRoot()
      }
    }
    visibleScale = scales(x, ofVisible, equations.visible)
    hiddenScale = scales(y, ofHidden, equations.hidden)
    for index in 0..<power - 1 {
      func slopes(_ means: [Double], _ layer: MeanFieldLayer) -> [Double] {
        means.map { m in
          let derivatives = layer.derivatives(at: m)
          return index == 0 ? derivatives.variance : derivatives.third
        }
      }
      visibleSlopes.append(slopes(x, equations.visible))
      hiddenSlopes.append(slopes(y, equations.hidden))
    }
  }

  private static func cumulant(
    _ index: Int, _ m: Double, _ layer: MeanFieldLayer, _ k: Int
  ) -> Double {
    if layer.isGaussian { return index == 0 ? layer.variances[k % layer.count] : 0 }
    return m * (1 - m) * (index == 0 ? 1 : 1 - 2 * m)
  }

  private static func fields(
    _ equations: MeanFieldEquations, toHidden: Bool, _ cumulants: [[Double]], rows: Int
  ) -> [[Double]] {
    let size = toHidden ? equations.hidden.count : equations.visible.count
    let sources = cumulants.map { values in
      let buffer = AlignedBuffer<Double>(count: values.count)
      values.withUnsafeBufferPointer { source in
        if let base = source.baseAddress { buffer.pointer.update(from: base, count: values.count) }
      }
      return buffer
    }
    let targets = cumulants.map { _ in AlignedBuffer<Double>(count: rows * size) }
    equations.fields(
      ofHidden: toHidden, from: sources.map(\.pointer), rows: rows, into: targets.map(\.pointer))
    return withExtendedLifetime(sources) {
      targets.map { Array(UnsafeBufferPointer(start: $0.pointer, count: rows * size)) }
    }
  }

  /// M z of hidden vectors, or Mᵀ z of visible ones, one for each of the given states.
  func apply(toHidden: Bool, _ z: [Double], rows chosen: [Int]) -> [Double] {
    let (from, to) = toHidden ? (visibleScale, hiddenScale) : (hiddenScale, visibleScale)
    let (fromSlopes, toSlopes) =
      toHidden ? (visibleSlopes, hiddenSlopes) : (hiddenSlopes, visibleSlopes)
    let fromSize = from.count / rows
    let toSize = to.count / rows
    /// z times a factor of its state and unit.
    func times(_ z: [Double], _ factors: [Double], _ size: Int) -> [Double] {
      var result = z
      for (place, row) in chosen.enumerated() {
        for k in 0..<size { result[place * size + k] *= factors[row * size + k] }
      }
      return result
    }
    let scaled = times(z, from, fromSize)
    let parts = MeanFieldLinearisation.fields(
      equations, toHidden: toHidden, [scaled] + fromSlopes.map { times(scaled, $0, fromSize) },
      rows: chosen.count)
    var result = parts[0]
    for index in parts.indices.dropFirst() {
      let coefficient = index == 1 ? 0.5 : 1.0 / 6
      let part = times(parts[index], toSlopes[index - 1], toSize)
      for k in result.indices { result[k] += coefficient * part[k] }
    }
    return times(result, to, toSize)
  }
}
