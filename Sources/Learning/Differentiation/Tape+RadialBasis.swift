internal import NumericalCore

extension Tape {
  /// Normalised radial basis functions, after Moody and Darken 1989.
  ///
  ///     h_k = exp(−|x − c_k|² / 2 w_k²) / Σ_l exp(−|x − c_l|² / 2 w_l²)
  ///
  /// With e_k = h_k (h̄_k − Σ_l h̄_l h_l):  c̄_k = Σ_rows e_k (x − c_k) / w_k²,
  /// x̄ = −Σ_k e_k (x − c_k) / w_k², and the gradient with respect to ln w_k is Σ_rows e_k |x − c_k|² / w_k².
  ///
  /// - Parameter centres: Shape `[channels of x, units]`; a column is a centre.
  /// - Parameter logWidths: Shape `[1, units]`; ln w_k.
  public func radialBasis(_ x: Node, centres: Node, logWidths: Node) -> Node {
    precondition(centres.rows == x.channels, "centres with \(centres.rows) coordinates")
    let units = centres.channels
    precondition(units <= Kernels.mostRadialUnits, "at most \(Kernels.mostRadialUnits) units")
    let output = node(
      samples: x.samples, height: x.height, width: x.width, channels: units,
      of: x, centres, logWidths)
    kernels.radialBasis(
      x.value, stride: x.stride, rows: x.rows, inputs: x.channels, centers: centres.value,
      centerStride: centres.stride, logWidths: logWidths.value, units: units, out: output.value)
    record(output) { tape, slopes in
      let sink = x.needsGradient ? x.storage.gradientSink() : nil
      tape.kernels.radialBasisGradient(
        x.value, stride: x.stride, rows: x.rows, inputs: x.channels, centers: centres.value,
        centerStride: centres.stride, logWidths: logWidths.value, units: units,
        values: output.value, slopes: slopes,
        centerGradient: centres.needsGradient ? centres.storage.gradientSink().pointer : nil,
        widthGradient: logWidths.needsGradient ? logWidths.storage.gradientSink().pointer : nil,
        accumulates: sink?.accumulates ?? false, out: sink?.pointer)
    }
    return output
  }
}
