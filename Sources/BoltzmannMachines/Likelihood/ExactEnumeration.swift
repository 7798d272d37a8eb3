internal import Foundation
public import NumericalCore

/// The exact logarithm of the partition function, by summing over all states of one layer.
///
///     ln Z = ln Σ_h exp(b·h) Π_i z_i(a_i + (W h)_i)        (or the same with the layers exchanged)
///
/// z_i is the partition function of a single unit. In double precision throughout.
public enum ExactEnumeration {
  /// The largest number of states that are enumerated.
  public static let maximumStates = 1 << 25

  /// States of the layer that would be enumerated, or nil when neither layer has few enough.
  public static func stateCount(of machine: RestrictedBoltzmannMachine) -> Int? {
    if machine.visible.kind == .gaussian, machine.hidden.kind == .gaussian { return 1 }
    return [states(of: machine.visible), states(of: machine.hidden)].compactMap { $0 }.min()
  }

  private static func states(of layer: Layer) -> Int? {
    let base: Int
    switch layer.kind {
    case .bernoulli, .spin: base = 2
    case .potts(let colours): base = max(1, colours)
    case .gaussian: return nil
    }
    var count = 1
    for _ in 0..<layer.count {
      count *= base
      if count > maximumStates { return nil }
    }
    return count
  }

  /// ln Z of the machine.
  ///
  /// - Throws: ``SzilardError`` of kind `usage` when neither layer can be enumerated (more than
  ///   2²⁵ states), of kind `badData` when the machine is not normalisable.
  /// - Complexity: O(states × size of the other layer), shared out over the workers. For two-valued
  ///   units one multiplication and one addition a unit and state: 64 states at a time share the
  ///   exponentials of their common field.
  public static func logPartitionFunction(
    of machine: RestrictedBoltzmannMachine, workers: Workers = Workers()
  ) throws(SzilardError) -> Double {
    try machine.checkNormalisable()
    if machine.visible.kind == .gaussian, machine.hidden.kind == .gaussian {
      return gaussian(machine)
    }
    guard stateCount(of: machine) != nil else {
      throw SzilardError(
        .usage,
        """
        exact enumeration takes at most 2^25 states of one layer; this machine has \
        \(machine.visible.count) \(machine.visible.kind.name) visible and \
        \(machine.hidden.count) \(machine.hidden.kind.name) hidden units. Use --method ais
        """)
    }
    let enumeration = LayerEnumeration(machine)
    return enumeration.logPartitionFunction(workers: workers)
  }

  /// ln Z of a Gaussian–Gaussian machine.
  ///
  /// With A = diag(1/σ_v²) − W diag(σ_h²) Wᵀ,
  ///
  ///     ln Z = N_v/2 ln 2π − ½ ln det A + ½ (a + W σ_h² b)ᵀ A⁻¹ (a + W σ_h² b)
  ///            + Σ_j [σ_j² b_j²/2 + ½ ln(2π σ_j²)]
  static func gaussian(_ machine: RestrictedBoltzmannMachine) -> Double {
    let (n, m) = (machine.visible.count, machine.hidden.count)
    let hiddenVariances = machine.hidden.variances.map(Double.init)
    let b = machine.hidden.biases.map(Double.init)
    let w = machine.weights.map { Double($0) }
    var a = Matrix<Double>(rows: n, columns: n)
    var field = machine.visible.biases.map(Double.init)
    for i in 0..<n {
      for k in 0...i {
        var sum = i == k ? 1 / Double(machine.visible.variances[i]) : 0
        for j in 0..<m { sum -= w[i, j] * hiddenVariances[j] * w[k, j] }
        a[i, k] = sum
      }
      for j in 0..<m { field[i] += w[i, j] * hiddenVariances[j] * b[j] }
    }
    // Cholesky A = L Lᵀ, and L y = field.
    var logDeterminant = 0.0
    var quadratic = 0.0
    var y = field
    for i in 0..<n {
      for k in 0...i {
        var sum = a[i, k]
        for l in 0..<k { sum -= a[i, l] * a[k, l] }
        a[i, k] = i == k ? sum.squareRoot() : sum / a[k, k]
      }
      for k in 0..<i { y[i] -= a[i, k] * y[k] }
      y[i] /= a[i, i]
      quadratic += y[i] * y[i]
      logDeterminant += 2 * log(a[i, i])
    }
    var result = Double(n) / 2 * log(2 * .pi) - logDeterminant / 2 + quadratic / 2
    for j in 0..<m {
      result += hiddenVariances[j] * b[j] * b[j] / 2 + log(2 * .pi * hiddenVariances[j]) / 2
    }
    return result
  }
}

/// The sum over one layer's states, cut into blocks that share the state of their high units.
private struct LayerEnumeration: Sendable {
  /// Choices of each enumerated unit: rows of `couplings` for each choice of each unit.
  let base: Int
  let units: Int
  let lowUnits: Int
  /// Field contributed to each other unit by (unit, choice); choice 0 of a bit contributes zero.
  let couplings: [Double]
  /// Own bias of (unit, choice).
  let biases: [Double]
  let other: Layer
  let otherBiases: [Double]
  let size: Int
  let offset: Double

  init(_ machine: RestrictedBoltzmannMachine) {
    let (bernoulli, offset) = machine.convertedToBernoulliInDouble()
    self.offset = offset
    let hiddenStates = ExactEnumeration.enumerableStates(machine.hidden)
    let visibleStates = ExactEnumeration.enumerableStates(machine.visible)
    let takesHidden = (hiddenStates ?? .max) <= (visibleStates ?? .max)
    let layer = takesHidden ? machine.hidden : machine.visible
    let rest = takesHidden ? machine.visible : machine.hidden
    let ownBiases = takesHidden ? bernoulli.b : bernoulli.a
    otherBiases = takesHidden ? bernoulli.a : bernoulli.b
    var other = Layer(kind: rest.kind == .spin ? .bernoulli : rest.kind, count: rest.count)
    other.variances = rest.variances
    self.other = other
    size = rest.size
    units = layer.count
    let isBits = layer.kind.channels == 1
    base = isBits ? 2 : layer.kind.channels
    var low = 0
    var lowStates = 1
    while low < units, lowStates * base <= 64 {
      lowStates *= base
      low += 1
    }
    lowUnits = low
    var couplings = [Double](repeating: 0, count: units * base * size)
    var biases = [Double](repeating: 0, count: units * base)
    for unit in 0..<units {
      for choice in 0..<base where !(isBits && choice == 0) {
        let parameter = isBits ? unit : unit * base + choice
        biases[unit * base + choice] = ownBiases[parameter]
        for i in 0..<size {
          couplings[(unit * base + choice) * size + i] =
            takesHidden
            ? bernoulli.w[i * machine.hidden.count + parameter]
            : bernoulli.w[parameter * machine.hidden.count + i]
        }
      }
    }
    self.couplings = couplings
    self.biases = biases
  }

  private func power(_ exponent: Int) -> Int {
    (0..<exponent).reduce(1) { value, _ in value * base }
  }

  /// Adds the couplings and the bias of the choices that `index` encodes for `units`.
  private func fields(of index: Int, units: Range<Int>, into fields: inout [Double]) -> Double {
    var rest = index
    var bias = 0.0
    for unit in units {
      let choice = rest % base
      rest /= base
      let row = (unit * base + choice) * size
      bias += biases[unit * base + choice]
      for i in 0..<size { fields[i] += couplings[row + i] }
    }
    return bias
  }

  func logPartitionFunction(workers: Workers) -> Double {
    let lowStates = power(lowUnits)
    let highStates = power(units - lowUnits)
    var lowFields: [[Double]] = []
    var lowBiases: [Double] = []
    for low in 0..<lowStates {
      var fields = [Double](repeating: 0, count: size)
      lowBiases.append(self.fields(of: low, units: 0..<lowUnits, into: &fields))
      lowFields.append(fields)
    }
    let useProducts = other.kind == .bernoulli && largestField < 69
    let lowFactors = useProducts ? lowFields.flatMap { $0.map { exp($0) } } : []
    // A fixed number of high states a task, so that sums do not depend on the number of threads.
    let perTask = 16
    let tasks = (highStates + perTask - 1) / perTask
    var partial = [Double](repeating: -.infinity, count: tasks)
    partial.withUnsafeMutableBufferPointer { buffer in
      let output = UncheckedSendable(buffer)
      workers.forEach(tasks) { task in
        var terms: [Double] = []
        var sums = [Double](repeating: 0, count: lowStates)
        for high in task * perTask..<min(highStates, (task + 1) * perTask) {
          var fields = otherBiases
          let bias = self.fields(of: high, units: lowUnits..<units, into: &fields)
          if useProducts {
            for i in 0..<size { fields[i] = exp(fields[i]) }
            Kernels.current.logOnePlusProducts(
              high: fields, low: lowFactors, count: size, rows: lowStates, out: &sums)
          } else {
            for low in 0..<lowStates {
              var total = fields
              for i in 0..<size { total[i] += lowFields[low][i] }
              sums[low] = RestrictedBoltzmannMachine.logPartition(of: other, fields: total)
            }
          }
          for low in 0..<lowStates { terms.append(bias + lowBiases[low] + sums[low]) }
        }
        output.value[task] = logSumExp(terms)
      }
    }
    return logSumExp(partial) + offset
  }

  /// A bound on every field: below ln 1e30 products of exponentials cannot overflow.
  private var largestField: Double {
    (0..<size).reduce(0.0) { largest, i in
      var field = otherBiases[i]
      var lowField = 0.0
      for unit in 0..<units {
        let most = (0..<base).reduce(-Double.infinity) {
          max($0, couplings[(unit * base + $1) * size + i])
        }
        field += most
        if unit < lowUnits { lowField += most }
      }
      return max(largest, field, lowField)
    }
  }
}

extension ExactEnumeration {
  fileprivate static func enumerableStates(_ layer: Layer) -> Int? { states(of: layer) }
}

extension RestrictedBoltzmannMachine {
  /// Parameters of the equivalent 0/1 machine in double precision, W in row-major order.
  func convertedToBernoulliInDouble() -> (
    parameters: (w: [Double], a: [Double], b: [Double]), offset: Double
  ) {
    var w = weights.elements.map(Double.init)
    var a = visible.biases.map(Double.init)
    var b = hidden.biases.map(Double.init)
    var offset = 0.0
    let columns = hidden.count
    if visible.kind == .spin {
      offset -= a.reduce(0, +)
      for i in 0..<a.count {
        for j in 0..<columns { b[j] -= w[i * columns + j] }
        a[i] *= 2
      }
      for k in 0..<w.count { w[k] *= 2 }
    }
    if hidden.kind == .spin {
      offset -= b.reduce(0, +)
      for i in 0..<a.count {
        for j in 0..<columns { a[i] -= w[i * columns + j] }
      }
      for j in 0..<columns { b[j] *= 2 }
      for k in 0..<w.count { w[k] *= 2 }
    }
    return ((w, a, b), offset)
  }
}
