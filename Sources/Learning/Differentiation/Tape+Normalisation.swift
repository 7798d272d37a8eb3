internal import NumericalCore

extension Tape {
  /// Group normalisation, scaled and shifted.
  ///
  /// Wu and He 2018; with one group on tables it is the layer normalisation of Ba, Kiros and Hinton 2016.
  ///
  ///     x̂ = (x − mean) / √(variance + 10⁻⁵) over the pixels and channels of a group,
  ///     y = s(v),   v = (1 + a) x̂ + b,   s(v) = v, or v / (1 + e⁻ᵛ) where `silu` is said
  ///
  /// with â = (1 + a) v̄:  x̄ = (â − ⟨â⟩ − x̂ ⟨â x̂⟩) / deviation.
  ///
  /// - Parameter groups: Equal groups of neighbouring channels.
  /// - Parameter modulation: Rows [a | b], one for all samples or one for each; nothing is a = b = 0.
  public func normalised(
    _ x: Node, groups: Int = 1, modulation: Node? = nil, silu: Bool = false
  ) -> Node {
    precondition(groups > 0 && x.channels % groups == 0, "\(groups) groups of \(x.channels)")
    if let modulation {
      precondition(
        modulation.channels == 2 * x.channels, "\(modulation.channels) scales and shifts")
      precondition(modulation.rows == 1 || modulation.rows == x.samples, "rows of scales")
    }
    let output = node(
      samples: x.samples, height: x.height, width: x.width, channels: x.channels, of: x, modulation)
    let isShared = modulation?.rows == 1
    let modulationStride = isShared ? 0 : 2 * x.channels
    let statistics = node(samples: x.samples, channels: 2 * x.channels)
    kernels.normalize(
      x.value, x.images, groups: groups, epsilon: 1e-5, modulation: modulation?.value,
      modulationStride: modulationStride, isSwish: silu, statistics: statistics.value,
      out: output.value)
    record(output) { tape, slopes in
      let sink = x.needsGradient ? x.storage.gradientSink() : nil
      var toModulation: UnsafeMutablePointer<Float>?
      if let modulation, modulation.needsGradient {
        let sink = modulation.storage.gradientSink()
        if !sink.accumulates { sink.pointer.update(repeating: 0, count: modulation.count) }
        toModulation = sink.pointer
      }
      tape.withWorkspace(Kernels.normalizationWorkspace(x.images)) { workspace in
        tape.kernels.normalizationGradient(
          x.value, x.images, groups: groups, modulation: modulation?.value,
          modulationStride: modulationStride, isSwish: silu, statistics: statistics.value,
          slopes: slopes, modulationGradient: toModulation,
          modulationGradientStride: modulationStride, accumulates: sink?.accumulates ?? false,
          out: sink?.pointer, workspace: workspace)
      }
    }
    return output
  }
}
