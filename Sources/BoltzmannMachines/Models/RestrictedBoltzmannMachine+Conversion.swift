internal import NumericalCore

extension RestrictedBoltzmannMachine {
  /// The same distribution written with 0/1 units where this machine has ±1 units.
  ///
  ///     ln Z(this) = ln Z(machine) + offset
  ///
  /// Exact up to the rounding of the parameters to `Float`. Both spins: W' = 4W, a' = 2a − 2W1,
  /// b' = 2b − 2Wᵀ1, offset = ΣW − Σa − Σb.
  public func convertedToBernoulli() -> (machine: RestrictedBoltzmannMachine, offset: Double) {
    let form = BernoulliForm(self)
    func converted(_ layer: Layer, _ side: BernoulliForm.Side) -> Layer {
      var result = Layer(kind: layer.kind == .spin ? .bernoulli : layer.kind, count: layer.count)
      result.biases = (0..<side.size).map { side.biases.pointer[$0] }
      result.variances = layer.variances
      return result
    }
    var machine = RestrictedBoltzmannMachine(
      visible: converted(visible, form.visible), hidden: converted(hidden, form.hidden))
    machine.weights = form.forward
    machine.alphabet = alphabet
    machine.shape = shape
    machine.dataMeans = visible.kind == .spin ? dataMeans?.map { ($0 + 1) / 2 } : dataMeans
    return (machine, form.offset)
  }

  /// The same distribution written with ±1 units where this machine has 0/1 units.
  ///
  ///     visible bits:  W ← W/2,  a ← a/2,  b ← b + Wᵀ1/2      (x = (1 + s)/2)
  ///
  /// and likewise for hidden bits; ln Z(this) = ln Z(machine) + offset.
  public func convertedToSpin() -> (machine: RestrictedBoltzmannMachine, offset: Double) {
    var result = RestrictedBoltzmannMachine(
      visible: Layer(kind: visible.kind == .bernoulli ? .spin : visible.kind, count: visible.count),
      hidden: Layer(kind: hidden.kind == .bernoulli ? .spin : hidden.kind, count: hidden.count))
    result.visible.variances = visible.variances
    result.hidden.variances = hidden.variances
    let halvesVisible = visible.kind == .bernoulli
    let halvesHidden = hidden.kind == .bernoulli
    var a = visible.biases.map(Double.init)
    var b = hidden.biases.map(Double.init)
    var offset = 0.0
    var factor = 1.0
    // Substitute the visible layer with the couplings as they are, then the hidden layer with the
    // halved couplings.
    if halvesVisible {
      offset += a.reduce(0, +) / 2
      for i in 0..<visible.size {
        for j in 0..<hidden.size { b[j] += Double(weights[i, j]) / 2 }
        a[i] /= 2
      }
      factor /= 2
    }
    if halvesHidden {
      offset += b.reduce(0, +) / 2
      for j in 0..<hidden.size {
        for i in 0..<visible.size { a[i] += factor * Double(weights[i, j]) / 2 }
        b[j] /= 2
      }
      factor /= 2
    }
    result.weights = weights.map { Float(factor * Double($0)) }
    result.visible.biases = a.map { Float($0) }
    result.hidden.biases = b.map { Float($0) }
    result.alphabet = alphabet
    result.shape = shape
    result.dataMeans = halvesVisible ? dataMeans?.map { 2 * $0 - 1 } : dataMeans
    return (result, offset)
  }

  /// The zero-sum gauge of Potts units: couplings and biases of each site sum to zero over colours.
  ///
  ///     W_ik,j ← W_ik,j − mean_k W_ik,j,   b_j ← b_j + Σ_i mean_k W_ik,j,
  ///     a_ik ← a_ik − mean_k a_ik
  ///
  /// The distribution does not change; ln Z(this) = ln Z(result) + offset with
  /// offset = Σ_i mean_k a_ik. Machines without Potts units are returned as they are.
  public func inZeroSumGauge() -> (machine: RestrictedBoltzmannMachine, offset: Double) {
    guard case .potts(let colours) = visible.kind, colours > 0 else { return (self, 0) }
    var result = self
    var b = hidden.biases.map(Double.init)
    var offset = 0.0
    for site in 0..<visible.count {
      let rows = site * colours..<(site + 1) * colours
      for j in 0..<hidden.count {
        let mean = rows.reduce(0) { $0 + Double(weights[$1, j]) } / Double(colours)
        b[j] += mean
        for row in rows { result.weights[row, j] = Float(Double(weights[row, j]) - mean) }
      }
      let mean = rows.reduce(0) { $0 + Double(visible.biases[$1]) } / Double(colours)
      offset += mean
      for row in rows { result.visible.biases[row] = Float(Double(visible.biases[row]) - mean) }
    }
    result.hidden.biases = b.map { Float($0) }
    return (result, offset)
  }
}
