import DiffusionModels
import Foundation
import NumericalCore
import TestSupport
import Testing

@Suite("Discrete diffusion")
struct DiscreteDiffusionTests {
  private let schedule = NoiseSchedule.reciprocal(steps: 5)

  /// The matrices of a chain, so that another of the same steps can be made by multiplying them.
  private func matrices(_ diffusion: CategoricalDiffusion) -> [Matrix<Double>] {
    (1...diffusion.steps).map { step in
      var matrix = Matrix<Double>(rows: diffusion.categories, columns: diffusion.categories)
      for i in 0..<diffusion.categories {
        for j in 0..<diffusion.categories {
          matrix[i, j] = diffusion.transition(from: i, to: j, step: step)
        }
      }
      return matrix
    }
  }

  private func expectSame(_ one: CategoricalDiffusion, _ other: CategoricalDiffusion) {
    let k = one.categories
    for step in 1...one.steps {
      for i in 0..<k {
        for j in 0..<k {
          #expect(
            abs(
              one.marginal(data: i, to: j, step: step) - other.marginal(data: i, to: j, step: step))
              < 1e-14)
          let (p, q) = (
            one.posterior(state: j, data: i, step: step),
            other.posterior(state: j, data: i, step: step)
          )
          for c in 0..<k { #expect(abs(p[c] - q[c]) < 1e-13, "step \(step), \(i) to \(j)") }
        }
      }
    }
  }

  @Test("Chains that draw anew are the products of their matrices")
  func products() throws {
    for diffusion in [
      try CategoricalDiffusion.bernoulli(activity: 0.2, schedule: schedule),
      try .uniform(categories: 4, schedule: schedule),
      try .absorbing(categories: 3, schedule: schedule),
    ] {
      expectSame(
        diffusion,
        try CategoricalDiffusion(
          matrices: matrices(diffusion), stationary: diffusion.stationary))
    }
  }

  @Test("Two uniform categories are fair bits")
  func fairBits() throws {
    expectSame(
      try .uniform(categories: 2, schedule: schedule),
      try .bernoulli(activity: 0.5, schedule: schedule))
  }

  @Test("Posteriors are Bayes' rule, normalised, also where a step erases everything")
  func posteriors() throws {
    for diffusion in [
      try CategoricalDiffusion.bernoulli(activity: 0.2, schedule: schedule),
      try .discretisedGaussian(categories: 5, schedule: schedule),
      try .absorbing(categories: 3, schedule: schedule),
    ] {
      let k = diffusion.categories
      for step in 1...5 {
        for data in 0..<k {
          for state in 0..<k {
            let posterior = diffusion.posterior(state: state, data: data, step: step)
            #expect(abs(posterior.reduce(0, +) - 1) < 1e-13)
            let reached = diffusion.marginal(data: data, to: state, step: step)
            guard reached > 0 else { continue }
            for j in 0..<k {
              let joint =
                diffusion.transition(from: j, to: state, step: step)
                * diffusion.marginal(data: data, to: j, step: step - 1)
              #expect(abs(posterior[j] * reached - joint) < 1e-14)
            }
          }
        }
      }
    }
  }

  @Test("The discretised Gaussian goes to neighbours and keeps the uniform law")
  func discretisedGaussian() throws {
    let diffusion = try CategoricalDiffusion.discretisedGaussian(
      categories: 6, schedule: NoiseSchedule(rates: [0.02, 0.1]))
    for j in 0..<6 {
      let column = (0..<6).reduce(0.0) { $0 + diffusion.transition(from: $1, to: j, step: 2) }
      #expect(abs(column - 1) < 1e-14)
    }
    #expect(
      diffusion.transition(from: 2, to: 3, step: 1) > diffusion.transition(from: 2, to: 4, step: 1))
    #expect(
      diffusion.transition(from: 2, to: 2, step: 1) > diffusion.transition(from: 2, to: 2, step: 2))
  }

  @Test("The last step by π has detailed balance, and needs a π without zeros")
  func stationaryReversal() throws {
    let bits = try CategoricalDiffusion.bernoulli(activity: 0.2, schedule: schedule)
    for state in 0...1 {
      let law = bits.stationaryReversal(of: state, step: 1)
      for j in 0...1 { #expect(abs(law[j] - bits.transition(from: state, to: j, step: 1)) < 1e-14) }
    }
    let masks = try CategoricalDiffusion.absorbing(categories: 3, schedule: schedule)
    let patterns = try PatternSet(
      Matrix<UInt8>(rows: 1, columns: 2, elements: [0, 1]), diffusion: masks)
    let kernel = try DataPredictionKernel(patterns, diffusion: masks)
    #expect(throws: SzilardError.self) {
      try CategoricalAncestralSampler(kernel, diffusion: masks)
    }
    // The model's own last step finds the pattern.
    let sampler = try CategoricalAncestralSampler(kernel, diffusion: masks, lastStep: .model)
    #expect(try sampler.samples(3, seed: 1).elements == [0, 1, 0, 1, 0, 1])
  }

  @Test("Wrong chains are refused")
  func wrongChains() {
    #expect(throws: SzilardError.self) {
      try CategoricalDiffusion(redrawingFrom: [0.5, 0.6], schedule: schedule)
    }
    #expect(throws: SzilardError.self) {
      try CategoricalDiffusion.bernoulli(activity: 1, schedule: schedule)
    }
    #expect(throws: SzilardError.self) {
      try CategoricalDiffusion(
        matrices: [Matrix<Double>(rows: 2, columns: 2, elements: [1, 0, 0.2, 0.2])],
        stationary: [0.5, 0.5])
    }
    #expect(throws: SzilardError.self) {
      try PatternSet(
        Matrix<UInt8>(rows: 1, columns: 1, elements: [2]),
        diffusion: .bernoulli(activity: 0.5, schedule: schedule))
    }
  }
}

/// A kernel that believes too little.
struct TimidKernel: CategoricalReverseKernel {
  let kernel: any CategoricalReverseKernel
  let share: Double
  var sites: Int { kernel.sites }
  var categories: Int { kernel.categories }

  func reverse(_ states: Matrix<UInt8>, step: Int) throws -> Matrix<Double> {
    try kernel.reverse(states, step: step).map {
      (1 - share) * $0 + share / Double(categories)
    }
  }
}

@Suite("Two bits and three steps, over all paths")
struct EnumeratedChainTests {
  private let diffusion: CategoricalDiffusion
  private let patterns: PatternSet

  init() throws {
    diffusion = try .bernoulli(
      activity: 0.3, schedule: NoiseSchedule(rates: [0.2, 0.35, 0.6]))
    patterns = try PatternSet(
      Matrix<UInt8>(rows: 3, columns: 2, elements: [0, 0, 1, 1, 0, 1]), weights: [2, 3, 1],
      diffusion: diffusion)
  }

  private func state(_ index: Int) -> [UInt8] { [UInt8(index & 1), UInt8(index >> 1)] }

  private var states: Matrix<UInt8> {
    Matrix(rows: 4, columns: 2, elements: (0..<4).flatMap { state($0) })
  }

  private func forward(_ from: Int, _ to: Int, step: Int) -> Double {
    zip(state(from), state(to)).reduce(1) {
      $0 * diffusion.transition(from: Int($1.0), to: Int($1.1), step: step)
    }
  }

  /// All paths from x_0 with q(x_1…T|x_0) and p(x_0…T), for the model's last step or π's.
  private func paths(
    from start: Int, _ kernel: any CategoricalReverseKernel, _ last: LastStep
  ) throws -> [(q: Double, p: Double)] {
    let reverse = try (1...3).map { try kernel.reverse(states, step: $0) }
    func backward(_ from: Int, _ to: Int, step: Int) -> Double {
      (0..<2).reduce(1) { product, site in
        let value = Int(state(to)[site])
        if step == 1, last == .forward {
          return product
            * diffusion.stationaryReversal(of: Int(state(from)[site]), step: 1)[value]
        }
        return product * reverse[step - 1][from, 2 * site + value]
      }
    }
    var result: [(q: Double, p: Double)] = []
    for a in 0..<4 {
      for b in 0..<4 {
        for c in 0..<4 {
          let prior = state(c).reduce(1) { $0 * diffusion.stationary[Int($1)] }
          result.append(
            (
              forward(start, a, step: 1) * forward(a, b, step: 2) * forward(b, c, step: 3),
              prior * backward(c, b, step: 3) * backward(b, a, step: 2)
                * backward(a, start, step: 1)
            ))
        }
      }
    }
    return result
  }

  private func index(_ row: [UInt8]) -> Int { Int(row[0]) + 2 * Int(row[1]) }

  /// −E w over all paths and patterns.
  private func exactBound(
    _ kernel: any CategoricalReverseKernel, _ last: LastStep
  ) throws -> Double {
    var sum = 0.0
    for k in 0..<3 {
      for path in try paths(from: index(patterns.patterns.row(k)), kernel, last) {
        sum += patterns.weights[k] * path.q * log(path.p / path.q)
      }
    }
    return sum
  }

  @Test("The patterns behind a state are Bayes' rule")
  func bayes() {
    let answer = patterns.dataProbabilities(behind: states, step: 2)
    for row in 0..<4 {
      var joint = [0.0, 0, 0]
      for k in 0..<3 {
        joint[k] = patterns.weights[k]
        for site in 0..<2 {
          joint[k] *= diffusion.marginal(
            data: Int(patterns.patterns[k, site]), to: Int(state(row)[site]), step: 2)
        }
      }
      let norm = joint.reduce(0, +)
      #expect(abs(patterns.logProbability(of: states, step: 2)[row] - log(norm)) < 1e-13)
      #expect(abs(answer[row, 1] - joint[1] / norm) < 1e-13)
      #expect(abs(answer[row, 3] - (joint[1] + joint[2]) / norm) < 1e-13)
    }
  }

  @Test("Summed divergences and entropies are the path sum", arguments: [0, 0.3])
  func bound(_ share: Double) throws {
    let kernel = TimidKernel(
      kernel: try DataPredictionKernel(patterns, diffusion: diffusion), share: share)
    let classes = try patterns.stateClasses()
    for last in LastStep.allCases {
      var bound = 0.0
      for step in (last == .model ? 1 : 2)...3 {
        bound -= try patterns.meanDivergence(of: kernel, step: step, classes: classes)
      }
      for k in 0..<3 {
        for site in 0..<2 {
          let data = Int(patterns.patterns[k, site])
          var edge =
            diffusion.conditionalEntropy(data: data, step: 3)
            - diffusion.crossEntropy(data: data, step: 3)
          if last == .forward {
            edge +=
              diffusion.crossEntropy(data: data, step: 1)
              - diffusion.crossEntropy(data: data, step: 0)
              - diffusion.conditionalEntropy(data: data, step: 1)
          }
          bound += patterns.weights[k] * edge
        }
      }
      #expect(abs(bound - (try exactBound(kernel, last))) < 1e-12, "last step \(last)")
    }
  }

  @Test("Sampled bounds and works agree with the path sum, and e^{−w} with the probability")
  func sampled() throws {
    let seed = testSeed(3)
    let kernel = TimidKernel(
      kernel: try DataPredictionKernel(patterns, diffusion: diffusion), share: 0.2)
    let data = patterns.samples(4000, seed: seed)
    for last in LastStep.allCases {
      let exact = try exactBound(kernel, last)
      for perSample in [nil, 1] {
        let bound = try CategoricalEvidenceBound(
          of: kernel, diffusion: diffusion, data: data, lastStep: last,
          stepsPerSample: perSample, seed: seed)
        expectNear(bound.samples, exact, seed)
      }
      let sampler = try CategoricalAncestralSampler(
        kernel, diffusion: diffusion, lastStep: last)
      let works = try CategoricalPathWork.forward(sampler, data: data, seed: seed)
      expectNear(works.works.map { -$0 }, exact, seed)
      // Jarzynski for one pattern, exactly over paths and sampled.
      let all = try paths(from: 3, kernel, last)
      let probability = all.reduce(0) { $0 + $1.p }
      let jarzynski = all.reduce(0) { $0 + $1.q * exp(-log($1.q / $1.p)) }
      #expect(abs(jarzynski - probability) < 1e-14)
      let one = data.selectingRows((0..<data.rows).filter { data.row($0) == [1, 1] })
      let alone = try CategoricalPathWork.forward(sampler, data: one, seed: seed)
      expectNear(alone.works.map { exp(-$0) }, probability, seed)
      // The model's own frequency of that pattern.
      let made = try sampler.samples(4000, seed: seed)
      let count = (0..<made.rows).count { made.row($0) == [1, 1] }
      #expect(
        binomialAcceptance(trials: made.rows, probability: probability).contains(count),
        "seed \(seed)")
    }
  }

  @Test("A wrong factor T in place of T − 1 is told apart")
  func wrongFactor() throws {
    let seed = testSeed(4)
    let kernel = TimidKernel(
      kernel: try DataPredictionKernel(patterns, diffusion: diffusion), share: 0.2)
    let bound = try CategoricalEvidenceBound(
      of: kernel, diffusion: diffusion, data: patterns.samples(20_000, seed: seed), seed: seed)
    let divergences = bound.terms.reduce(0) { $0 + $1.mean }
    let wrong = bound.bound.value - divergences / 2
    let exact = try exactBound(kernel, .forward)
    let error = (variance(of: bound.samples) / Double(bound.samples.count)).squareRoot()
    #expect(abs(wrong - exact) > zBound() * error, "seed \(seed)")
  }

  private func expectNear(_ values: [Double], _ expected: Double, _ seed: UInt64) {
    let error = (variance(of: values) / Double(values.count)).squareRoot()
    #expect(abs(mean(of: values) - expected) < zBound() * error, "seed \(seed)")
  }
}

@Suite("Binary heartbeat")
struct HeartbeatTests {
  private static func heartbeat(steps: Int, activity: Double) throws -> PatternSet {
    try .heartbeat(
      diffusion: .bernoulli(activity: activity, schedule: .reciprocal(steps: steps)))
  }

  /// K of the exact kernel in bits by sums over all states.
  private static func best(_ patterns: PatternSet) throws -> (first: Double, divergences: Double) {
    let kernel = try DataPredictionKernel(patterns, diffusion: patterns.diffusion)
    let classes = try patterns.stateClasses()
    let first = patterns.patterns.row(0).reduce(0) {
      $0 + patterns.diffusion.conditionalEntropy(data: Int($1), step: 1)
    }
    let sum = try (2...patterns.diffusion.steps).reduce(0.0) {
      $0 + (try patterns.meanDivergence(of: kernel, step: $1, classes: classes))
    }
    return (first / log(2), sum / log(2))
  }

  @Test("The states of the heartbeat fall into 5⁵ classes that make up all")
  func classes() throws {
    let patterns = try Self.heartbeat(steps: 20, activity: 0.2)
    let classes = try patterns.stateClasses()
    #expect(classes.states.rows == 3125)
    #expect(abs(logSumExp(classes.logSizes) - 20 * log(2)) < 1e-12)
    let total = zip(patterns.logProbability(of: classes.states, step: 7), classes.logSizes)
      .reduce(0) { $0 + exp($1.0 + $1.1) }
    #expect(abs(total - 1) < 1e-12)
    #expect(abs(patterns.entropy(step: 0, classes: classes) - log(5)) < 1e-12)
  }

  @Test(
    "The best bound is the one of the table of 4.3",
    arguments: [(20, 0.2, -4.850, 0.009), (20, 0.5, -5.966, 0.009), (50, 0.2, -3.494, 0.006)])
  func best(_ steps: Int, _ activity: Double, _ expected: Double, _ error: Double) throws {
    let patterns = try Self.heartbeat(steps: steps, activity: activity)
    let (first, divergences) = try Self.best(patterns)
    // At ρ = 0.5 the entropies of the ends add nothing either: all cross entropies are 20 bits.
    #expect(abs(-first - divergences - expected) < 4 * error)
    // No kernel is better than −H(X_1).
    let classes = try patterns.stateClasses()
    #expect(-first - divergences <= -patterns.entropy(step: 1, classes: classes) / log(2) + 1e-9)
  }

  @Test("The sampled bound is the enumerated one, and a wrong rate of bits is not")
  func sampledBound() throws {
    let seed = testSeed(5)
    let patterns = try Self.heartbeat(steps: 20, activity: 0.2)
    let kernel = try DataPredictionKernel(patterns, diffusion: patterns.diffusion)
    let (first, divergences) = try Self.best(patterns)
    let data = patterns.samples(1500, seed: seed)
    let bound = try CategoricalEvidenceBound(
      of: kernel, diffusion: patterns.diffusion, data: data, seed: seed)
    let error = (variance(of: bound.samples) / 1500).squareRoot()
    #expect(
      abs(bound.bound.value + (first + divergences) * log(2)) < zBound() * error, "seed \(seed)")
    #expect(abs(bound.activityMismatch) < 1e-10)
    #expect(abs(bound.nullLogLikelihood / log(2) + 14.4386) < 1e-4)
    #expect(bound.terms.map(\.step) == Array(2...20))
    // A chain of fair bits on these data: the printed formula would still hold, as π is uniform.
    let fair = try Self.heartbeat(steps: 20, activity: 0.5)
    let other = try CategoricalEvidenceBound(
      of: try DataPredictionKernel(fair, diffusion: fair.diffusion), diffusion: fair.diffusion,
      data: data, seed: seed)
    #expect(abs(other.activityMismatch) < 1e-10)
    // Data of another activity: the printed formula is off, and says so.
    let sparse = try Self.heartbeat(steps: 20, activity: 0.1)
    let off = try CategoricalEvidenceBound(
      of: try DataPredictionKernel(sparse, diffusion: sparse.diffusion),
      diffusion: sparse.diffusion, data: data, seed: seed)
    #expect(abs(off.activityMismatch) > 0.1)
  }

  @Test("Samples do not depend on threads or on how many there are")
  func determinism() throws {
    let patterns = try Self.heartbeat(steps: 20, activity: 0.2)
    let kernel = try DataPredictionKernel(patterns, diffusion: patterns.diffusion)
    var sampler = try CategoricalAncestralSampler(
      kernel, diffusion: patterns.diffusion, workers: Workers(count: 1))
    let one = try sampler.samples(600, seed: 9)
    let work = try CategoricalPathWork.reverse(sampler, count: 300, seed: 9)
    sampler.workers = Workers(count: 3)
    #expect(try sampler.samples(600, seed: 9) == one)
    #expect(try sampler.samples(40, seed: 9) == one.selectingRows(0..<40))
    #expect(try CategoricalPathWork.reverse(sampler, count: 300, seed: 9).works == work.works)
    #expect(work.data == one.selectingRows(0..<300))
  }

  @Test(
    "The best kernel makes patterns as often as the sheet says",
    arguments: [(20, 0.504), (200, 0.942)])
  func validSamples(_ steps: Int, _ expected: Double) throws {
    let seed = testSeed(6)
    let patterns = try Self.heartbeat(steps: steps, activity: 0.2)
    let sampler = try CategoricalAncestralSampler(
      try DataPredictionKernel(patterns, diffusion: patterns.diffusion),
      diffusion: patterns.diffusion)
    let made = patterns.identify(try sampler.samples(2000, seed: seed))
    let share = Double(made.count { $0 != nil }) / 2000
    // Both are means of so many samples.
    let error = (expected * (1 - expected) * (1.0 / 2000 + 1.0 / 4000)).squareRoot()
    #expect(abs(share - expected) < zBound() * error, "seed \(seed)")
  }

  @Test("Known sites stay, and the rest follows them")
  func filling() throws {
    let patterns = try Self.heartbeat(steps: 50, activity: 0.2)
    let sampler = try CategoricalAncestralSampler(
      try DataPredictionKernel(patterns, diffusion: patterns.diffusion),
      diffusion: patterns.diffusion, lastStep: .model)
    let data = patterns.samples(400, seed: 2)
    let sites = (0..<20).map { $0 < 5 }
    for rule in CategoricalAncestralSampler.Known.Rule.allCases {
      let made = try sampler.samples(
        400, seed: 3, known: .init(data: data, sites: sites, rule: rule))
      var right = 0
      for row in 0..<400 {
        #expect(made.row(row).prefix(5) == data.row(row).prefix(5))
        if made.row(row) == data.row(row) { right += 1 }
      }
      // Without the known sites a fifth would agree. Neither rule is the exact posterior.
      let chance = binomialAcceptance(trials: 400, probability: 0.2)
      #expect(right > chance.upperBound, "\(rule): \(right)")
    }
  }

  @Test("The bound of several paths lies between K and the log-likelihood")
  func severalPaths() throws {
    let seed = testSeed(8)
    let patterns = try Self.heartbeat(steps: 20, activity: 0.2)
    let kernel = try DataPredictionKernel(patterns, diffusion: patterns.diffusion)
    let sampler = try CategoricalAncestralSampler(kernel, diffusion: patterns.diffusion)
    let works = try CategoricalPathWork.forward(
      sampler, data: patterns.samples(300, seed: seed), pathsPerSample: 16, seed: seed)
    let bounds = [1, 4, 16].map { works.multiSampleBound(pathsPerSample: $0).value }
    // The same paths, in groups: concavity makes the order certain.
    #expect(bounds[0] <= bounds[1] && bounds[1] <= bounds[2])
    #expect(bounds[2] < -log(5) + 0.2)
  }
}
