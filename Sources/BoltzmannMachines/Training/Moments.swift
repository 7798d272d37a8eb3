internal import NumericalCore

/// First and second moments of a batch of states, in the 0/1 form.
///
///     cross = ⟨x yᵀ⟩,   visible = ⟨x⟩,   hidden = ⟨y⟩
///
/// x are the states of the visible layer, y = ⟨h | v⟩ the means of the hidden units given them, and
/// ⟨·⟩ the (weighted) mean over the batch.
struct Moments {
  /// ⟨x yᵀ⟩, [visible size × hidden count].
  var cross: Matrix<Float>
  /// ⟨x⟩.
  var visible: [Float]
  /// ⟨y⟩.
  var hidden: [Float]
  private var means: Matrix<Float>
  private var transposed: BitMatrix
  private let form: BernoulliForm
  private let sampler: GibbsSampler
  private let scratch: [AlignedBuffer<UInt8>]

  /// Space for the moments of batches of `rows` states.
  init(form: BernoulliForm, rows: Int, workers: Workers) {
    self.form = form
    sampler = GibbsSampler(form: form, chains: rows, workers: workers)
    cross = Matrix(rows: form.visible.size, columns: form.hidden.size)
    visible = [Float](repeating: 0, count: form.visible.size)
    hidden = [Float](repeating: 0, count: form.hidden.size)
    means = Matrix(rows: rows, columns: form.hidden.size)
    let isBits = form.visible.storage == .bits
    transposed = BitMatrix(rows: isBits ? form.visible.size : 0, columns: isBits ? rows : 0)
    let bytes = Kernels.current.scratchBytes(rows: form.visible.size, inner: rows) + 64
    scratch = (0..<workers.count).map { _ in AlignedBuffer(count: isBits ? bytes : 0) }
  }

  /// Measures a batch.
  ///
  /// `weights`, one a row, need not be normalised; nil weighs all rows alike. `energies` takes F(v) of
  /// each row, which comes with the means at little cost.
  mutating func measure(
    _ states: StateMatrix, weights: [Float]? = nil,
    energies: UnsafeMutablePointer<Double>? = nil
  ) {
    precondition(states.rows == means.rows)
    sampler.hiddenMeans(of: states, into: &means, energies: energies)
    let rows = states.rows
    let norm = weights.map { $0.reduce(0) { $0 + Double($1) } } ?? Double(rows)
    let inverse = Float(1 / norm)
    scaleMeans(by: weights)
    measureHidden(inverse)
    measureVisible(states, weights: weights, inverse)
    measureCross(states, inverse)
  }

  private mutating func scaleMeans(by weights: [Float]?) {
    guard let weights else { return }
    let (rows, columns, stride) = (means.rows, means.columns, means.stride)
    means.withUnsafeMutablePointer { p in
      for r in 0..<rows {
        for c in 0..<columns { p[r * stride + c] *= weights[r] }
      }
    }
  }

  private mutating func measureHidden(_ inverse: Float) {
    let (rows, columns, stride) = (means.rows, means.columns, means.stride)
    let workers = sampler.workers
    means.withUnsafePointer { p in
      hidden.withUnsafeMutableBufferPointer { sums in
        let sums = UncheckedSendable(sums)
        workers.forEachRange(of: columns, grain: 16) { range, _ in
          for c in range { sums.value[c] = 0 }
          for r in 0..<rows {
            let row = p + r * stride
            for c in range { sums.value[c] += row[c] }
          }
          for c in range { sums.value[c] *= inverse }
        }
      }
    }
  }

  private mutating func measureVisible(
    _ states: StateMatrix, weights: [Float]?, _ inverse: Float
  ) {
    let rows = states.rows
    for i in 0..<visible.count { visible[i] = 0 }
    switch states {
    case .bits(let bits):
      let outStride = transposed.wordsPerRow
      bits.withUnsafePointer { source in
        transposed.withUnsafeMutablePointer { target in
          Kernels.current.transposeBits(
            source, stride: bits.wordsPerRow, rows: rows, columns: bits.columns, out: target,
            outStride: outStride)
          if let weights {
            for i in 0..<bits.columns {
              var sum: Float = 0
              for w in 0..<outStride {
                var word = target[i * outStride + w]
                while word != 0 {
                  sum += weights[w * 64 + word.trailingZeroBitCount]
                  word &= word - 1
                }
              }
              visible[i] = sum * inverse
            }
          } else {
            for i in 0..<bits.columns {
              var count = 0
              for w in 0..<outStride { count += target[i * outStride + w].nonzeroBitCount }
              visible[i] = Float(count) * inverse
            }
          }
        }
      }
    case .colours(let colours, let count):
      colours.withUnsafePointer { p in
        for r in 0..<rows {
          let weight = (weights?[r] ?? 1) * inverse
          for i in 0..<colours.columns {
            visible[i * count + Int(p[r * colours.stride + i])] += weight
          }
        }
      }
    case .reals(let reals):
      reals.withUnsafePointer { p in
        for r in 0..<rows {
          let weight = (weights?[r] ?? 1) * inverse
          for i in 0..<reals.columns { visible[i] += weight * p[r * reals.stride + i] }
        }
      }
    }
  }

  private mutating func measureCross(_ states: StateMatrix, _ inverse: Float) {
    let rows = states.rows
    let (size, columns, stride) = (cross.rows, cross.columns, cross.stride)
    let tiles = (columns + 15) / 16
    let workers = sampler.workers
    let form = self.form
    let scratch = self.scratch
    let transposed = self.transposed
    means.withUnsafePointer { p in
      cross.withUnsafeMutablePointer { out in
        // Columns are shared out, so that no table of partial sums is built twice.
        workers.forEachRange(of: tiles) { tiles, worker in
          switch states {
          case .bits:
            transposed.withUnsafePointer { bits in
              Kernels.current.product(
                bits: bits, bitStride: transposed.wordsPerRow, rows: size, inner: rows, weights: p,
                weightStride: means.stride, tiles: tiles, out: out, outStride: stride,
                scratch: scratch[worker].pointer)
            }
          case .colours(let colours, let count):
            for i in 0..<size {
              for c in tiles.lowerBound * 16..<tiles.upperBound * 16 { out[i * stride + c] = 0 }
            }
            colours.withUnsafePointer { source in
              Kernels.current.scatterRows(
                colours: source, colourStride: colours.stride, rows: rows,
                sites: form.visible.count,
                colourCount: count, values: p, valueStride: means.stride, tiles: tiles, sums: out,
                sumStride: stride)
            }
          case .reals(let reals):
            reals.withUnsafePointer { source in
              for tile in tiles {
                LinearAlgebra.multiply(
                  rows: size, columns: 16, inner: rows, source, transposingA: true,
                  strideA: reals.stride, p + tile * 16, strideB: means.stride,
                  into: out + tile * 16, strideC: stride)
              }
            }
          }
          for i in 0..<size {
            let row = out + i * stride
            for c in tiles.lowerBound * 16..<tiles.upperBound * 16 { row[c] *= inverse }
          }
        }
      }
    }
  }
}
