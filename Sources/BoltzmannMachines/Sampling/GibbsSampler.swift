package import NumericalCore

/// Block Gibbs sampling of many chains: all hidden units given the visible, all visible given the
/// hidden.
///
///     h ~ p(h | v),  v ~ p(v | h)
///
/// Each half step satisfies detailed balance; a sweep leaves p(v, h) unchanged. Chains are worked in
/// blocks of sixteen, each with its own random lanes.
package final class GibbsSampler {
  let form: BernoulliForm
  let workers: Workers
  package let lanes: RandomLanes
  private let tools: [LayerKernels]
  private let chains: Int

  /// A sampler for `chains` chains of the machine `form`.
  package init(form: BernoulliForm, chains: Int, workers: Workers) {
    self.form = form
    self.workers = workers
    self.chains = chains
    lanes = RandomLanes(chains: chains)
    let share = (chains + workers.count - 1) / workers.count + GibbsSampler.grain
    tools = (0..<workers.count).map { _ in
      LayerKernels(form: form, capacity: Swift.min(share, (chains + 15) / 16 * 16))
    }
  }

  /// Chains that stay together: one block of lanes, or one matrix product of real-valued states.
  static let grain = 64

  private var grain: Int {
    form.visible.storage == .reals || form.hidden.storage == .reals
      ? GibbsSampler.grain : RandomLanes.rowsPerBlock
  }

  /// Runs `sweeps` sweeps; the streams must have been seeded.
  ///
  /// - Parameters:
  ///   - clamped: Visible units that keep their values, or nil.
  ///   - startEnergies: Takes F(v) of each chain as it is before the first sweep; the first half step
  ///     needs the same product, so that energies cost little.
  package func run(
    visible: inout StateMatrix, hidden: inout StateMatrix, sweeps: Int, clamped: Clamp? = nil,
    startEnergies: UnsafeMutablePointer<Double>? = nil
  ) {
    precondition(visible.rows == chains && hidden.rows == chains)
    let form = self.form
    let energies = UncheckedSendable(startEnergies)
    visible.withMemory { v in
      hidden.withMemory { h in
        workers.forEachRange(of: chains, grain: grain) { range, worker in
          let tool = tools[worker]
          let block = range.lowerBound / RandomLanes.rowsPerBlock
          let vs = v.advanced(by: range.lowerBound)
          let hs = h.advanced(by: range.lowerBound)
          let hiddenPath = FieldPath(base: UnsafePointer(form.hidden.biases.pointer))
          for sweep in 0..<sweeps {
            if sweep == 0, let energies = energies.value {
              tool.product(
                of: vs, rows: range.count, from: form.visible, weights: form.forward)
              tool.freeEnergies(
                of: vs, rows: range.count, form: form,
                product: (UnsafePointer(tool.fields.pointer), tool.fieldStride),
                into: energies + range.lowerBound)
              tool.sampleFromFields(
                form.hidden, into: hs, rows: range.count, path: hiddenPath, variances: nil,
                lanes: lanes, firstBlock: block)
            } else {
              tool.sample(
                form.hidden, into: hs, given: vs, rows: range.count, from: form.visible,
                weights: form.forward, path: hiddenPath, variances: nil, lanes: lanes,
                firstBlock: block)
            }
            tool.sample(
              form.visible, into: vs, given: hs, rows: range.count, from: form.hidden,
              weights: form.backward,
              path: FieldPath(base: UnsafePointer(form.visible.biases.pointer)), variances: nil,
              lanes: lanes, firstBlock: block)
            clamped?.restore(vs, firstRow: range.lowerBound, rows: range.count)
          }
        }
      }
    }
  }

  /// energies[r] = F(v_r), without allocating.
  func freeEnergies(of visible: StateMatrix, into energies: UnsafeMutablePointer<Double>) {
    let form = self.form
    let energies = UncheckedSendable(energies)
    precondition(visible.rows <= chains)
    visible.withReadOnlyMemory { v in
      workers.forEachRange(of: visible.rows, grain: grain) { range, worker in
        let tool = tools[worker]
        let states = v.advanced(by: range.lowerBound)
        tool.product(of: states, rows: range.count, from: form.visible, weights: form.forward)
        tool.freeEnergies(
          of: states, rows: range.count, form: form,
          product: (UnsafePointer(tool.fields.pointer), tool.fieldStride),
          into: energies.value + range.lowerBound)
      }
    }
  }

  /// means[r] = mean of each hidden unit given the visible states, and energies[r] = F(v_r) from the
  /// same product if asked for.
  func hiddenMeans(
    of visible: StateMatrix, into means: inout Matrix<Float>,
    energies: UnsafeMutablePointer<Double>? = nil
  ) {
    let form = self.form
    let energies = UncheckedSendable(energies)
    let stride = means.stride
    precondition(visible.rows <= chains && means.rows >= visible.rows)
    visible.withReadOnlyMemory { v in
      means.withUnsafeMutablePointer { out in
        workers.forEachRange(of: visible.rows, grain: grain) { range, worker in
          let tool = tools[worker]
          let states = v.advanced(by: range.lowerBound)
          let target = out + range.lowerBound * stride
          let path = FieldPath(base: UnsafePointer(form.hidden.biases.pointer))
          guard let energies = energies.value else {
            tool.means(
              of: form.hidden, given: states, rows: range.count, from: form.visible,
              weights: form.forward, path: path, out: target, outStride: stride)
            return
          }
          tool.product(
            of: states, rows: range.count, from: form.visible, weights: form.forward, out: target,
            outStride: stride)
          tool.freeEnergies(
            of: states, rows: range.count, form: form, product: (UnsafePointer(target), stride),
            into: energies + range.lowerBound)
          tool.meansOfProduct(
            form.hidden, rows: range.count, path: path, out: target, outStride: stride)
        }
      }
    }
  }
}

/// Visible units that keep their values while the others are sampled (in-painting).
package struct Clamp {
  let visible: StateMatrix
  /// For each visible unit, whether it is kept.
  let kept: [Bool]
  private let words: [UInt64]

  init(visible: StateMatrix, kept: [Bool]) {
    precondition(kept.count == visible.columns)
    self.visible = visible
    self.kept = kept
    var words = [UInt64](repeating: 0, count: (kept.count + 63) / 64)
    for (i, keep) in kept.enumerated() where keep { words[i / 64] |= 1 << UInt64(i % 64) }
    self.words = words
  }

  /// Writes the kept values back over a range of rows.
  func restore(_ memory: LayerMemory, firstRow: Int, rows: Int) {
    visible.withReadOnlyMemory { source in
      switch (memory, source.advanced(by: firstRow)) {
      case (.bits(let to, let stride), .bits(let from, _)):
        for r in 0..<rows {
          for w in 0..<stride {
            let k = r * stride + w
            to[k] = (to[k] & ~words[w]) | (from[k] & words[w])
          }
        }
      case (.colours(let to, let stride, _), .colours(let from, _, _)):
        for r in 0..<rows {
          for i in 0..<kept.count where kept[i] { to[r * stride + i] = from[r * stride + i] }
        }
      case (.reals(let to, let stride), .reals(let from, _)):
        for r in 0..<rows {
          for i in 0..<kept.count where kept[i] { to[r * stride + i] = from[r * stride + i] }
        }
      default:
        preconditionFailure("clamped values are of another kind than the visible units")
      }
    }
  }
}
