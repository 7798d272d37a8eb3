internal import NumericalCore

/// The gradient of the log-likelihood by the parameters, from the moments of data and model.
///
///     ∂ℓ/∂W = ⟨v hᵀ⟩_data − ⟨v hᵀ⟩_model,   ∂ℓ/∂a = ⟨v⟩_data − ⟨v⟩_model,   ∂ℓ/∂b likewise
///
/// The centred gradient (Montavon and Müller 2012; Melchior, Fischer and Wiskott 2016, eqs. 9–12) is
/// the same direction in the coordinates of the units' deviations from the data means μ, λ:
///
///     G = ⟨(v − μ)(h − λ)ᵀ⟩_data − ⟨(v − μ)(h − λ)ᵀ⟩_model,
///     ∂a = ⟨v⟩_data − ⟨v⟩_model − G λ,   ∂b = ⟨h⟩_data − ⟨h⟩_model − Gᵀ μ
///
/// Moments come in the 0/1 form; a spin s = 2x − 1 contributes a factor of 2 for each s.
struct LikelihoodGradient {
  /// Gradient by W.
  var weights: Matrix<Float>
  /// Gradient by a, one row.
  var visible: Matrix<Float>
  /// Gradient by b, one row.
  var hidden: Matrix<Float>

  init(form: BernoulliForm) {
    weights = Matrix(rows: form.visible.size, columns: form.hidden.size)
    visible = Matrix(rows: 1, columns: form.visible.size)
    hidden = Matrix(rows: 1, columns: form.hidden.size)
  }

  /// Forms the gradient.
  mutating func form(
    data: Moments, model: Moments, visibleKind: UnitKind, hiddenKind: UnitKind, centred: Bool,
    workers: Workers
  ) {
    let (rows, columns, stride) = (weights.rows, weights.columns, weights.stride)
    let visibleScale = visibleKind.bitScale
    let hiddenScale = hiddenKind.bitScale
    // Offsets in 0/1 coordinates; an uncentred spin s = 2x − 1 is centred at x = 1/2.
    let mu =
      centred ? data.visible : [Float](repeating: -visibleKind.bitShift / visibleScale, count: rows)
    let lambda =
      centred ? data.hidden : [Float](repeating: -hiddenKind.bitShift / hiddenScale, count: columns)
    var dx = data.visible
    for i in 0..<rows { dx[i] -= model.visible[i] }
    var dy = data.hidden
    for j in 0..<columns { dy[j] -= model.hidden[j] }
    let scale = visibleScale * hiddenScale
    var visibleShift = [Float](repeating: 0, count: rows)
    // λ with zeros up to a whole tile.
    let padded = Matrix<Float>(rows: 1, columns: columns, elements: lambda)
    data.cross.withUnsafePointer { c in
      model.cross.withUnsafePointer { m in
        weights.withUnsafeMutablePointer { g in
          visibleShift.withUnsafeMutableBufferPointer { shift in
            let shift = UncheckedSendable(shift)
            dy.withUnsafeBufferPointer { dy in
              padded.withUnsafePointer { lambda in
                workers.forEachRange(of: rows, grain: 16) { range, _ in
                  for i in range {
                    let row = i * stride
                    let (mi, di) = (mu[i], dx[i])
                    for j in 0..<columns {
                      g[row + j] =
                        scale * (c[row + j] - m[row + j] - mi * dy[j] - di * lambda[j])
                    }
                    guard centred else { continue }
                    // Sixteen partial sums; the padding of g is zero.
                    var sums = SIMD16<Float>(repeating: 0)
                    let tiles = UnsafeRawPointer(g + row)
                    let offsets = UnsafeRawPointer(lambda)
                    for tile in 0..<(columns + 15) / 16 {
                      sums +=
                        tiles.load(fromByteOffset: 64 * tile, as: SIMD16<Float>.self)
                        * offsets.load(fromByteOffset: 64 * tile, as: SIMD16<Float>.self)
                    }
                    shift.value[i] = sums.sum()
                  }
                }
              }
            }
          }
        }
      }
    }
    var hiddenShift = [Float](repeating: 0, count: columns)
    if centred {
      // Native offsets are scale · (0/1 offset) + shift.
      weights.withUnsafePointer { g in
        hiddenShift.withUnsafeMutableBufferPointer { sums in
          let sums = UncheckedSendable(sums)
          workers.forEachRange(of: columns, grain: 16) { range, _ in
            for i in 0..<rows {
              let mi = visibleScale * mu[i] + visibleKind.bitShift
              let row = g + i * stride
              for j in range { sums.value[j] += mi * row[j] }
            }
          }
        }
        guard hiddenKind.bitShift != 0 || hiddenScale != 1 else { return }
        for i in 0..<rows {
          var sum: Float = 0
          for j in 0..<columns { sum += g[i * stride + j] }
          visibleShift[i] = hiddenScale * visibleShift[i] + hiddenKind.bitShift * sum
        }
      }
    }
    visible.withUnsafeMutablePointer { p in
      for i in 0..<rows { p[i] = visibleScale * dx[i] - visibleShift[i] }
    }
    hidden.withUnsafeMutablePointer { p in
      for j in 0..<columns { p[j] = hiddenScale * dy[j] - hiddenShift[j] }
    }
  }
}
