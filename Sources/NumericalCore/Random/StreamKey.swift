/// What a random stream is for.
///
/// Streams of different purposes are independent.
public enum StreamPurpose: UInt64, Sendable {
  case initialWeights = 1
  case initialChains = 2
  case shuffle = 3
  case chains = 4
  case contrastiveDivergence = 5
  case annealing = 6
  case samples = 7
  case generator = 8
  case binarisation = 9
  case split = 10
  case bootstrap = 11
  case pseudoLikelihood = 12
  case test = 13
  case modelSystem = 14
  case tempering = 15
  case probes = 16
  case resampling = 17
  case reverseAnnealing = 18
  case equilibration = 19
  case heatExchange = 20
  case meanField = 24
  case independentBatches = 25
  case networkWeights = 26
  case entropyProductionNull = 30
  case neuralEntropyProduction = 31
  case epochDiffusion = 34
  case stationaryStart = 36
  case gaussianDescent = 37
  case posteriorNoise = 40
  case posteriorStarts = 41
  case hamiltonian = 42
  case wildBootstrap = 43
  case gradientNoise = 44
  case conditionedNetworks = 45
  case mixtureSamples = 47
  case diffusionTimes = 48
  case diffusionNoise = 49
  case observationNoise = 50
  case diffusionBound = 53
  case forwardPaths = 54
  case reversePaths = 55
  case samplerCorrector = 56
  case dequantisation = 57
  case categoricalNoise = 58
  case categoricalSampling = 59
  case patternSamples = 60
  case entropyProductionSamples = 61
  case slices = 62
  case scheduleFit = 63
}

/// The name of a random stream: (seed, purpose, index, step).
///
/// Streams are made from their names whenever they are needed, so that nothing about them has to be
/// saved: a resumed run makes the same streams again, and a stream belongs to a block of chains,
/// never to a thread.
public struct StreamKey: Sendable, Equatable {
  package let high: UInt64
  package let low: UInt64

  /// The key of the stream (seed, purpose, index, step).
  public init(seed: UInt64, purpose: StreamPurpose, index: UInt64 = 0, step: UInt64 = 0) {
    var state = StreamKey.mix(seed &+ 0x9e37_79b9_7f4a_7c15)
    state = StreamKey.mix(state ^ (purpose.rawValue &* 0xd1b5_4a32_d192_ed03))
    state = StreamKey.mix(state &+ index &* 0x8cb9_2ba7_2f3d_8dd7)
    state = StreamKey.mix(state ^ (step &* 0xabc9_8388_fb8f_ac03))
    high = state
    low = StreamKey.mix(state &+ 0x6a09_e667_f3bc_c909)
  }

  /// The finaliser of SplitMix64 (Steele, Lea, Flood 2014).
  static func mix(_ value: UInt64) -> UInt64 {
    var z = value
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}
