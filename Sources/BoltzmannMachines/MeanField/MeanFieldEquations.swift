internal import Foundation
internal import NumericalCore

/// The free energy of a machine as a function of the means of its units, to some order in the couplings.
///
///     G = Σᵢ [m ln m + (1 − m) ln(1 − m)]ᵢ + Σⱼ [the same of m̄]ⱼ − a·m − b·m̄
///         − m W m̄  − ½ v W² v̄  − ⅙ κ W³ κ̄           (orders 1, 2, 3; W², W³ element by element)
///
/// with v and κ the variances and third cumulants of ``MeanFieldUnit``. Its stationary points are the
/// mean-field states. Machines have no loops of three units, so that these are all terms up to third
/// order (Plefka 1982; Georges and Yedidia 1991, J. Phys. A 24, 2173). Written for 0/1 units: the
/// expansion does not change when a spin is written as s = 2x − 1, since cumulants scale and couplings
/// scale the other way.
struct MeanFieldEquations: Sendable {
  let order: MeanFieldOrder
  let visible: MeanFieldLayer
  let hidden: MeanFieldLayer
  /// W, W², W³ element by element, as many as the order says, shape [visible, hidden].
  let couplings: [Matrix<Double>]
  /// ln Z(native) = ln Z(0/1) + offset.
  let offset: Double

  /// The equations of a machine without Potts units.
  init(_ machine: RestrictedBoltzmannMachine, order: MeanFieldOrder) {
    self.order = order
    let isVisibleSpin = machine.visible.kind == .spin
    let isHiddenSpin = machine.hidden.kind == .spin
    var a = machine.visible.biases.map(Double.init)
    var b = machine.hidden.biases.map(Double.init)
    var offset = 0.0
    if isVisibleSpin { offset -= a.reduce(0, +) }
    if isHiddenSpin { offset -= b.reduce(0, +) }
    let scale = Double(machine.visible.kind.bitScale * machine.hidden.kind.bitScale)
    var weights = Matrix<Double>(rows: a.count, columns: b.count)
    for i in a.indices {
      for j in b.indices {
        let w = Double(machine.weights[i, j])
        weights[i, j] = scale * w
        if isHiddenSpin { a[i] -= w }
        if isVisibleSpin { b[j] -= w }
        if isVisibleSpin && isHiddenSpin { offset += w }
      }
    }
    if isVisibleSpin { a = a.map { 2 * $0 } }
    if isHiddenSpin { b = b.map { 2 * $0 } }
    visible = MeanFieldLayer(machine.visible, biases: a)
    hidden = MeanFieldLayer(machine.hidden, biases: b)
    self.offset = offset
    couplings = (1...order.power).map { power in
      weights.map { w in power == 1 ? w : power == 2 ? w * w : w * w * w }
    }
  }

  /// fields of the hidden layer from visible cumulants, or of the visible from hidden ones.
  func fields(
    ofHidden isHidden: Bool, from cumulants: [UnsafeMutablePointer<Double>], rows: Int,
    into fields: [UnsafeMutablePointer<Double>]
  ) {
    let from = isHidden ? visible.count : hidden.count
    let to = isHidden ? hidden.count : visible.count
    for (index, matrix) in couplings.enumerated() {
      matrix.withUnsafePointer {
        LinearAlgebra.multiply(
          rows: rows, columns: to, inner: from, cumulants[index], strideA: from, $0,
          transposingB: !isHidden, strideB: matrix.stride, into: fields[index], strideC: to)
      }
    }
  }

  /// The coupling terms m W m̄ + ½ v W² v̄ + ⅙ κ W³ κ̄ of a row, from visible cumulants and fields.
  func interaction(
    _ cumulants: [UnsafeMutablePointer<Double>], _ fields: [UnsafeMutablePointer<Double>], row: Int
  ) -> Double {
    let coefficients = [1, 0.5, 1.0 / 6]
    var sum = 0.0
    for index in couplings.indices {
      var part = 0.0
      for k in row * visible.count..<(row + 1) * visible.count {
        part += cumulants[index][k] * fields[index][k]
      }
      sum += coefficients[index] * part
    }
    return sum
  }
}

extension [UnsafeMutablePointer<Double>] {
  /// One pointer for each order, as fields.
  var asFields: MeanFieldFields {
    MeanFieldFields(
      first: self[0], second: count > 1 ? self[1] : nil, third: count > 2 ? self[2] : nil)
  }
}
