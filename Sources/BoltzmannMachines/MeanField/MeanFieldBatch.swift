internal import NumericalCore

/// Some starts that are iterated together, so that fields are products of matrices.
///
/// A sweep x → Φ(x) gives the hidden means that solve the hidden equations at the visible means x, then
/// the visible means that solve the visible equations at those. Up to second order each half is the exact
/// minimum of G over one layer: G never increases along the plain iteration, which therefore needs no
/// damping, and converges.
final class MeanFieldBatch {
  /// Where a start has come to.
  struct Outcome {
    let start: Int
    let visible: [Double]
    let hidden: [Double]
    let freeEnergy: Double
    let residual: Double
    let iterations: Int
    let isConverged: Bool
  }

  /// The change of a unit, in units of 0/1, that a Newton step may add to a sweep.
  static let longestStep = 0.25

  private let equations: MeanFieldEquations
  private let tolerance: Double
  private let usesNewton: Bool
  private let visibleCount: Int
  private let hiddenCount: Int
  private let visible: [AlignedBuffer<Double>]
  private let hidden: [AlignedBuffer<Double>]
  private let image: AlignedBuffer<Double>
  private let visibleFields: [AlignedBuffer<Double>]
  private let hiddenFields: [AlignedBuffer<Double>]
  private let visibleGuesses: AlignedBuffer<Double>
  private let hiddenGuesses: AlignedBuffer<Double>
  private var starts: [Int]
  private var iterations: [Int]
  private var thresholds: [Double]
  private var newton: [NewtonMemory]

  /// A batch at the given visible means, one row a start.
  init(
    _ equations: MeanFieldEquations, starts: [Int], iterations: [Int], means: [[Double]],
    tolerance: Double, usesNewton: Bool
  ) {
    self.equations = equations
    self.starts = starts
    self.iterations = iterations
    self.tolerance = tolerance
    self.usesNewton = usesNewton
    let rows = starts.count
    visibleCount = equations.visible.count
    hiddenCount = equations.hidden.count
    func buffers(_ size: Int) -> [AlignedBuffer<Double>] {
      (0..<equations.order.power).map { _ in AlignedBuffer(count: rows * size) }
    }
    visible = buffers(visibleCount)
    hidden = buffers(hiddenCount)
    visibleFields = buffers(visibleCount)
    hiddenFields = buffers(hiddenCount)
    image = AlignedBuffer(count: rows * visibleCount)
    visibleGuesses = AlignedBuffer(count: rows * visibleCount)
    hiddenGuesses = AlignedBuffer(count: rows * hiddenCount)
    thresholds = [Double](repeating: tolerance, count: rows)
    newton = [NewtonMemory](repeating: NewtonMemory(), count: rows)
    for (row, values) in means.enumerated() {
      for i in 0..<visibleCount { visible[0].pointer[row * visibleCount + i] = values[i] }
    }
    equations.visible.guess(
      for: visible[0].pointer, count: rows * visibleCount, into: visibleGuesses.pointer)
  }

  /// Sweeps until all have converged or have been swept so often in all.
  ///
  /// - Returns: Those that converged, and those that did not.
  func run(sweeps: Int, maximum: Int) -> [Outcome] {
    var outcomes: [Outcome] = []
    for _ in 0..<sweeps {
      if starts.isEmpty { break }
      sweep()
      var leaving: [Int] = []
      var going: [Int] = []
      for row in starts.indices {
        iterations[row] += 1
        if change(of: row) <= thresholds[row] { leaving.append(row) } else { going.append(row) }
      }
      if usesNewton { newtonStep(going) } else { acceptImages(going) }
      acceptImages(leaving)
      if !leaving.isEmpty { outcomes += settle(leaving) }
      let exhausted = starts.indices.filter { iterations[$0] >= maximum }
      outcomes += evaluate(exhausted)
      remove(exhausted)
    }
    return outcomes + evaluate(Array(starts.indices))
  }

  /// The hidden means at the visible ones, and their image.
  private func sweep() {
    let rows = starts.count
    let x = visible.map(\.pointer)
    let y = hidden.map(\.pointer)
    let fieldsOfHidden = hiddenFields.map(\.pointer)
    let fieldsOfVisible = visibleFields.map(\.pointer)
    expand(x, in: equations.visible, rows: rows)
    equations.fields(ofHidden: true, from: x, rows: rows, into: fieldsOfHidden)
    equations.hidden.solve(
      fieldsOfHidden.asFields, rows: rows, guesses: hiddenGuesses.pointer, into: y[0])
    expand(y, in: equations.hidden, rows: rows)
    equations.fields(ofHidden: false, from: y, rows: rows, into: fieldsOfVisible)
    equations.visible.solve(
      fieldsOfVisible.asFields, rows: rows, guesses: visibleGuesses.pointer, into: image.pointer)
  }

  /// Higher cumulants of the means in the first buffer.
  private func expand(
    _ cumulants: [UnsafeMutablePointer<Double>], in layer: MeanFieldLayer, rows: Int
  ) {
    guard cumulants.count > 1 else { return }
    layer.cumulants(
      of: cumulants[0], rows: rows, variance: cumulants[1],
      third: cumulants.count > 2 ? cumulants[2] : nil)
  }

  private func change(of row: Int) -> Double {
    var largest = 0.0
    for k in row * visibleCount..<(row + 1) * visibleCount {
      let difference = abs(image.pointer[k] - visible[0].pointer[k])
      // NaN must not pass for small.
      if difference.isNaN { return .infinity }
      largest = Swift.max(largest, difference)
    }
    return largest * equations.visible.scale
  }

  private func acceptImages(_ rows: [Int]) {
    for row in rows {
      let offset = row * visibleCount
      (visible[0].pointer + offset).update(from: image.pointer + offset, count: visibleCount)
    }
  }

  // MARK: Newton's method

  /// What a start remembers from one Newton step to the next.
  private struct NewtonMemory {
    /// The residual of the point before, and its plain image.
    var norm = Double.infinity
    var image: [Double] = []
    /// Plain sweeps to make before the next step, and after the next failure.
    var rest = 0
    var penalty = 4
  }

  /// Moves some rows by x → x + (1 − Φ')⁻¹ (Φ(x) − x), as far as that lowers the residual.
  ///
  ///     Φ(x) + A^{−1/2} M Mᵀ z,    (1 − M Mᵀ) z = A^{1/2} (Φ(x) − x)
  ///
  /// (Φ' ≈ A^{−1/2} M Mᵀ A^{1/2}, exact at a solution.) z comes from conjugate gradients. Where they meet
  /// a direction of negative curvature, the state is near a saddle and the row makes plain sweeps, which
  /// lead away from it; likewise where the step before made the residual grow.
  private func newtonStep(_ rows: [Int]) {
    var active: [Int] = []
    for row in rows {
      let offset = row * visibleCount
      var squares = 0.0
      for k in offset..<offset + visibleCount {
        let difference = image.pointer[k] - visible[0].pointer[k]
        squares += difference * difference
      }
      let norm = squares.squareRoot()
      if !newton[row].image.isEmpty, !(norm <= newton[row].norm) {
        for i in 0..<visibleCount { visible[0].pointer[offset + i] = newton[row].image[i] }
        newton[row].image = []
        newton[row].rest = newton[row].penalty
        newton[row].penalty = Swift.min(64, 2 * newton[row].penalty)
      } else if newton[row].rest > 0 {
        newton[row].image = []
        newton[row].rest -= 1
        acceptImages([row])
      } else {
        newton[row].norm = norm
        newton[row].image = Array(
          UnsafeBufferPointer(start: image.pointer + offset, count: visibleCount))
        active.append(row)
      }
    }
    guard !active.isEmpty else { return }
    func values(_ buffer: AlignedBuffer<Double>, _ size: Int) -> [Double] {
      active.flatMap { Array(UnsafeBufferPointer(start: buffer.pointer + $0 * size, count: size)) }
    }
    let x = values(visible[0], visibleCount)
    let targets = values(image, visibleCount)
    let linear = MeanFieldLinearisation(
      visible: x, hidden: values(hidden[0], hiddenCount), rows: active.count, equations)
    let right = x.indices.map { k in
      linear.visibleScale[k] > 1e-9 ? (targets[k] - x[k]) / linear.visibleScale[k] : 0
    }
    let (correction, steps, failed) = ConjugateGradients.solve(right, rows: active.count) {
      linear.apply(toHidden: false, linear.apply(toHidden: true, $0, rows: $1), rows: $1)
    }
    for (index, row) in active.enumerated() {
      iterations[row] += steps[index]
      let offset = row * visibleCount
      if failed[index] || linear.isIndefinite[index] {
        newton[row].image = []
        newton[row].rest = newton[row].penalty
        newton[row].penalty = Swift.min(64, 2 * newton[row].penalty)
        acceptImages([row])
        continue
      }
      // Far steps leave the region where the equations are linear.
      var farthest = 0.0
      for k in index * visibleCount..<(index + 1) * visibleCount {
        farthest = Swift.max(farthest, abs(linear.visibleScale[k] * correction[k]))
      }
      let length =
        equations.visible.isGaussian
        ? 1 : Swift.min(1, MeanFieldBatch.longestStep / Swift.max(farthest, 1e-300))
      for i in 0..<visibleCount {
        let k = index * visibleCount + i
        var next = targets[k] + length * linear.visibleScale[k] * correction[k]
        if !equations.visible.isGaussian { next = Swift.min(Swift.max(next, 0), 1) }
        visible[0].pointer[offset + i] = next
      }
    }
  }

  /// Takes out those whose residual is small enough; the others go on to a smaller change.
  private func settle(_ rows: [Int]) -> [Outcome] {
    let outcomes = evaluate(rows)
    var leaving: [Int] = []
    var converged: [Outcome] = []
    for (row, outcome) in zip(rows, outcomes) {
      if outcome.isConverged {
        leaving.append(row)
        converged.append(outcome)
      } else {
        thresholds[row] /= 10
      }
    }
    remove(leaving)
    return converged
  }

  /// Residual and free energy of some rows, at the visible means and the hidden means of the last sweep.
  private func evaluate(_ rows: [Int]) -> [Outcome] {
    guard !rows.isEmpty else { return [] }
    let power = equations.order.power
    func copies(_ source: [AlignedBuffer<Double>], _ size: Int) -> [AlignedBuffer<Double>] {
      let result = (0..<power).map { _ in AlignedBuffer<Double>(count: rows.count * size) }
      for (target, row) in rows.enumerated() {
        (result[0].pointer + target * size).update(
          from: source[0].pointer + row * size, count: size)
      }
      return result
    }
    let x = copies(visible, visibleCount)
    let y = copies(hidden, hiddenCount)
    let ofVisible = (0..<power).map { _ in AlignedBuffer<Double>(count: rows.count * visibleCount) }
    let ofHidden = (0..<power).map { _ in AlignedBuffer<Double>(count: rows.count * hiddenCount) }
    let (px, py) = (x.map(\.pointer), y.map(\.pointer))
    let (pv, ph) = (ofVisible.map(\.pointer), ofHidden.map(\.pointer))
    expand(px, in: equations.visible, rows: rows.count)
    expand(py, in: equations.hidden, rows: rows.count)
    equations.fields(ofHidden: true, from: px, rows: rows.count, into: ph)
    equations.fields(ofHidden: false, from: py, rows: rows.count, into: pv)
    return withExtendedLifetime((x, y, ofVisible, ofHidden)) {
      rows.enumerated().map { index, row in
        let residual = Swift.max(
          equations.visible.residual(of: px[0], pv.asFields, row: index),
          equations.hidden.residual(of: py[0], ph.asFields, row: index))
        let energy =
          equations.visible.ownFreeEnergy(of: px[0], row: index)
          + equations.hidden.ownFreeEnergy(of: py[0], row: index)
          - equations.interaction(px, pv, row: index) - equations.offset
        func means(_ pointer: UnsafePointer<Double>, _ size: Int) -> [Double] {
          Array(UnsafeBufferPointer(start: pointer + index * size, count: size))
        }
        return Outcome(
          start: starts[row], visible: means(px[0], visibleCount),
          hidden: means(py[0], hiddenCount),
          freeEnergy: energy, residual: residual, iterations: iterations[row],
          isConverged: residual <= tolerance)
      }
    }
  }

  /// Closes the gaps that some rows leave.
  private func remove(_ rows: [Int]) {
    guard !rows.isEmpty else { return }
    let gone = Set(rows)
    let kept = starts.indices.filter { !gone.contains($0) }
    for (target, row) in kept.enumerated() where target != row {
      for (buffer, size) in [
        (visible[0], visibleCount), (hidden[0], hiddenCount), (visibleGuesses, visibleCount),
        (hiddenGuesses, hiddenCount),
      ] {
        (buffer.pointer + target * size).update(from: buffer.pointer + row * size, count: size)
      }
    }
    starts = kept.map { starts[$0] }
    iterations = kept.map { iterations[$0] }
    thresholds = kept.map { thresholds[$0] }
    newton = kept.map { newton[$0] }
  }
}
