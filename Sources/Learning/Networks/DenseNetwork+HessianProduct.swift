internal import NumericalCore

// The product of the Hessian with a vector v, exactly, by differentiating backpropagation along v
// (Pearlmutter 1994). With R{·} = d/dε at θ + εv,
//
//     R{sₗ} = Wₗ R{aₗ₋₁} + Vₗ aₗ₋₁ + vₗ,   R{aₗ} = φ'(aₗ) R{sₗ}
//     R{δₗ₋₁} = (R{δₗ} Wₗ + δₗ Vₗ) ∘ φ' + (δₗ Wₗ) ∘ φ'' R{sₗ₋₁}
//     R{∂/∂Wₗ} = R{δₗ}ᵀ aₗ₋₁ + δₗᵀ R{aₗ₋₁}
extension DenseNetwork {
  /// Fills the tangents R{a} behind the first layer, whose tangents are zero, from the units of a pass.
  func forwardTangent(
    _ count: Int, _ parameters: [Double], _ direction: [Double], _ units: UnsafePointer<Double>,
    into tangents: UnsafeMutablePointer<Double>
  ) {
    parameters.withUnsafeBufferPointer { theta in
      direction.withUnsafeBufferPointer { v in
        guard let theta = theta.baseAddress, let v = v.baseAddress else { return }
        for k in 0..<count * inputCount { tangents[k] = 0 }
        for layer in layers {
          let before = count * (layer.unitsBefore - layer.inputs)
          let after = count * layer.unitsBefore
          apply(layer, count, v, units + before, into: tangents + after)
          apply(layer, count, theta, tangents + before, beta: 1, into: tangents + after)
          let isLast = layer == layers.last
          for row in 0..<count {
            for k in 0..<layer.outputs {
              let place = after + row * layer.outputs + k
              let field = tangents[place] + v[layer.biasOffset + k]
              tangents[place] = isLast ? field : activation.slope(units[place]) * field
            }
          }
        }
      }
    }
  }

  /// R{∂/∂θ}, from δ and R{δ} of the outputs, with which `deltas` and `deltaTangents` begin; each holds
  /// 2 · count · width numbers.
  func backwardTangent(
    _ count: Int, _ parameters: [Double], _ direction: [Double], _ units: UnsafePointer<Double>,
    _ tangents: UnsafePointer<Double>, _ deltas: UnsafeMutablePointer<Double>,
    _ deltaTangents: UnsafeMutablePointer<Double>, into product: inout [Double]
  ) {
    var (delta, nextDelta) = (deltas, deltas + count * width)
    var (tangent, nextTangent) = (deltaTangents, deltaTangents + count * width)
    parameters.withUnsafeBufferPointer { theta in
      direction.withUnsafeBufferPointer { v in
        product.withUnsafeMutableBufferPointer { product in
          guard let theta = theta.baseAddress, let v = v.baseAddress,
            let product = product.baseAddress
          else { return }
          for layer in layers.reversed() {
            let before = count * (layer.unitsBefore - layer.inputs)
            accumulate(layer, count, tangent, units + before, into: product)
            accumulate(
              layer, count, delta, tangents + before, beta: 1, addingBiases: false, into: product)
            guard layer.offset > 0 else { break }
            carry(layer, count, theta, delta, into: nextDelta)
            carry(layer, count, theta, tangent, into: nextTangent)
            carry(layer, count, v, delta, beta: 1, into: nextTangent)
            for k in 0..<count * layer.inputs {
              let a = units[before + k]
              let slope = activation.slope(a)
              // φ'' R{s} = (φ''/φ') R{a}; where φ' = 0 so is R{a}.
              let bend =
                slope == 0 ? 0 : activation.curvature(a) / slope * tangents[before + k]
              nextTangent[k] = nextTangent[k] * slope + nextDelta[k] * bend
              nextDelta[k] *= slope
            }
            swap(&delta, &nextDelta)
            swap(&tangent, &nextTangent)
          }
        }
      }
    }
  }
}
