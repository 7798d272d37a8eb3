internal import Foundation
internal import NumericalCore

/// One worker's operations between two layers: products, draws, means, log-partition sums.
///
/// Everything a step needs beside the states lives here, so that sweeps allocate nothing.
final class LayerKernels {
  let kernels: Kernels
  /// Rows that one call may hold.
  let capacity: Int
  private let scratch: AlignedBuffer<UInt8>
  /// A product of one layer with the weights, [capacity × stride].
  let fields: AlignedBuffer<Float>
  let fieldStride: Int

  /// Space for `capacity` rows of the larger layer of `form`.
  init(form: BernoulliForm, capacity: Int) {
    kernels = Kernels.current
    self.capacity = capacity
    let widest = Swift.max(form.visible.size, form.hidden.size, 1)
    scratch = AlignedBuffer(count: kernels.scratchBytes(rows: capacity, inner: widest) + 64)
    fieldStride = (widest + 15) / 16 * 16
    fields = AlignedBuffer(count: capacity * fieldStride)
  }

  /// Rows of real-valued states that one matrix product takes: fixed, so that a row's sums do not
  /// depend on how rows are spread over threads.
  static let rowsPerProduct = 64

  /// fields = states · weights.
  func product(
    of states: LayerMemory, rows: Int, from source: BernoulliForm.Side, weights: Matrix<Float>
  ) {
    product(
      of: states, rows: rows, from: source, weights: weights, out: fields.pointer,
      outStride: fieldStride)
  }

  /// out = states · weights.
  func product(
    of states: LayerMemory, rows: Int, from source: BernoulliForm.Side, weights: Matrix<Float>,
    out: UnsafeMutablePointer<Float>, outStride: Int
  ) {
    weights.withUnsafePointer { w in
      switch states {
      case .bits(let bits, let stride):
        kernels.product(
          bits: bits, bitStride: stride, rows: rows, inner: source.size, weights: w,
          weightStride: weights.stride, tiles: 0..<(weights.columns + 15) / 16, out: out,
          outStride: outStride, scratch: scratch.pointer)
      case .colours(let colours, let stride, let count):
        kernels.gatherRows(
          colours: colours, colourStride: stride, rows: rows, sites: source.count,
          colourCount: count, weights: w, weightStride: weights.stride, columns: weights.columns,
          out: out, outStride: outStride)
      case .reals(let reals, let stride):
        for first in Swift.stride(from: 0, to: rows, by: LayerKernels.rowsPerProduct) {
          let count = Swift.min(LayerKernels.rowsPerProduct, rows - first)
          LinearAlgebra.multiply(
            rows: count, columns: weights.columns, inner: source.size, reals + first * stride,
            strideA: stride, w, strideB: weights.stride, into: out + first * outStride,
            strideC: outStride)
        }
      }
    }
  }

  /// Draws the states of `target` given the states of `source`.
  func sample(
    _ target: BernoulliForm.Side, into new: LayerMemory, given states: LayerMemory, rows: Int,
    from source: BernoulliForm.Side, weights: Matrix<Float>, path: FieldPath,
    variances: UnsafePointer<Float>?, lanes: RandomLanes, firstBlock: Int
  ) {
    if case .bits(let bits, let stride) = states, case .bits(let out, let outStride) = new {
      weights.withUnsafePointer { w in
        kernels.sample(
          bits: bits, bitStride: stride, rows: rows, inner: source.size, weights: w,
          weightStride: weights.stride, columns: target.size, field: path, lanes: lanes,
          firstBlock: firstBlock, outBits: out, outBitStride: outStride, scratch: scratch.pointer)
      }
    } else {
      product(of: states, rows: rows, from: source, weights: weights)
      sampleFromFields(
        target, into: new, rows: rows, path: path, variances: variances, lanes: lanes,
        firstBlock: firstBlock)
    }
  }

  /// Draws the states of `target` from the stored product.
  func sampleFromFields(
    _ target: BernoulliForm.Side, into new: LayerMemory, rows: Int, path: FieldPath,
    variances: UnsafePointer<Float>?, lanes: RandomLanes, firstBlock: Int
  ) {
    switch new {
    case .bits(let out, let stride):
      kernels.sampleFields(
        product: fields.pointer, stride: fieldStride, rows: rows, columns: target.size, field: path,
        lanes: lanes, firstBlock: firstBlock, outBits: out, outBitStride: stride)
    case .colours(let out, let stride, let count):
      kernels.sampleCategories(
        product: fields.pointer, stride: fieldStride, rows: rows, sites: target.count,
        colourCount: count, field: path, lanes: lanes, firstBlock: firstBlock, colours: out,
        colourStride: stride)
    case .reals(let out, let stride):
      kernels.sampleGaussians(
        product: fields.pointer, stride: fieldStride, rows: rows, columns: target.size, field: path,
        variances: variances ?? UnsafePointer(target.variances.pointer), lanes: lanes,
        firstBlock: firstBlock, out: out, outStride: stride)
    }
  }

  /// out = means of `target` given the states of `source`: probabilities of bits and colours, means
  /// of Gaussian units.
  func means(
    of target: BernoulliForm.Side, given states: LayerMemory, rows: Int,
    from source: BernoulliForm.Side, weights: Matrix<Float>, path: FieldPath,
    out: UnsafeMutablePointer<Float>, outStride: Int
  ) {
    if case .bits(let bits, let stride) = states, target.storage == .bits {
      weights.withUnsafePointer { w in
        kernels.means(
          bits: bits, bitStride: stride, rows: rows, inner: source.size, weights: w,
          weightStride: weights.stride, columns: target.size, field: path, out: out,
          outStride: outStride, scratch: scratch.pointer)
      }
      return
    }
    product(of: states, rows: rows, from: source, weights: weights, out: out, outStride: outStride)
    meansOfProduct(target, rows: rows, path: path, out: out, outStride: outStride)
  }

  /// Replaces a product of the other layer with the weights by the means of `target`.
  func meansOfProduct(
    _ target: BernoulliForm.Side, rows: Int, path: FieldPath, out: UnsafeMutablePointer<Float>,
    outStride: Int
  ) {
    switch target.storage {
    case .bits:
      kernels.meansOfFields(
        product: out, stride: outStride, rows: rows, columns: target.size, field: path, out: out,
        outStride: outStride)
    case .colours(let count):
      kernels.categoryMeans(
        product: out, stride: outStride, rows: rows, sites: target.count, colourCount: count,
        field: path, out: out, outStride: outStride)
    case .reals:
      for r in 0..<rows {
        let row = out + r * outStride
        let scale = path.rowScale?[r] ?? 1
        for c in 0..<target.size {
          let field = (path.base?[c] ?? 0) + scale * (row[c] + (path.slope?[c] ?? 0))
          row[c] = target.variances.pointer[c] * field
        }
      }
    }
  }

  /// sums[r] += Σ over units of `target` of ln(partition function of the unit), in the stored product
  /// or in another one.
  func addLogPartitions(
    of target: BernoulliForm.Side, rows: Int, path: FieldPath, sums: UnsafeMutablePointer<Double>,
    product other: (pointer: UnsafePointer<Float>, stride: Int)? = nil
  ) {
    let product = other?.pointer ?? UnsafePointer(fields.pointer)
    let stride = other?.stride ?? fieldStride
    switch target.storage {
    case .bits:
      kernels.softplusSums(
        product: product, stride: stride, rows: rows, columns: target.size, field: path, out: sums)
    case .colours(let count):
      kernels.logSumExpSums(
        product: product, stride: stride, rows: rows, sites: target.count, colourCount: count,
        field: path, out: sums)
    case .reals:
      for r in 0..<rows {
        sums[r] += LayerKernels.gaussianLogPartition(
          product + r * stride, target, path, scale: Double(path.rowScale?[r] ?? 1))
      }
    }
  }

  /// sums[r] += (log-partition sum at scale `to`) − (the same at scale `from`).
  func addLogPartitionDifferences(
    of target: BernoulliForm.Side, rows: Int, path: FieldPath, from: Float, to: Float,
    sums: UnsafeMutablePointer<Double>
  ) {
    switch target.storage {
    case .bits:
      kernels.softplusDifferences(
        product: fields.pointer, stride: fieldStride, rows: rows, columns: target.size, field: path,
        from: from, to: to, out: sums)
    case .colours:
      preconditionFailure("hidden Potts units are not supported")
    case .reals:
      for r in 0..<rows {
        let row = fields.pointer + r * fieldStride
        sums[r] +=
          LayerKernels.gaussianLogPartition(row, target, path, scale: Double(to))
          - LayerKernels.gaussianLogPartition(row, target, path, scale: Double(from))
      }
    }
  }

  /// Σ σ²x²/2 + ln(2πσ²)/2.
  private static func gaussianLogPartition(
    _ row: UnsafePointer<Float>, _ target: BernoulliForm.Side, _ path: FieldPath, scale: Double
  ) -> Double {
    var sum = 0.0
    for c in 0..<target.size {
      let variance = Double(target.variances.pointer[c])
      let x = Double(path.base?[c] ?? 0) + scale * (Double(row[c]) + Double(path.slope?[c] ?? 0))
      sum += variance * x * x / 2 + log(2 * .pi * variance) / 2
    }
    return sum
  }

  /// sums[r] += coefficients · φ(states), minus the quadratic energy of Gaussian units if asked.
  func addBiasTerms(
    of side: BernoulliForm.Side, states: LayerMemory, rows: Int,
    coefficients: UnsafePointer<Float>, quadratic: Bool, sums: UnsafeMutablePointer<Double>
  ) {
    switch states {
    case .bits(let bits, let stride):
      kernels.bitDots(
        bits: bits, bitStride: stride, rows: rows, columns: side.size, values: coefficients,
        out: sums)
    case .colours(let colours, let stride, let count):
      for r in 0..<rows {
        var sum = 0.0
        for i in 0..<side.count {
          sum += Double(coefficients[i * count + Int(colours[r * stride + i])])
        }
        sums[r] += sum
      }
    case .reals(let reals, let stride):
      for r in 0..<rows {
        var sum = 0.0
        for i in 0..<side.count {
          let x = Double(reals[r * stride + i])
          sum += Double(coefficients[i]) * x
          if quadratic { sum -= x * x / (2 * Double(side.variances.pointer[i])) }
        }
        sums[r] += sum
      }
    }
  }
}
