internal import Foundation
internal import NumericalCore

/// `ising:` spins of the two-dimensional Ising model by Swendsen and Wang's cluster updates.
///
/// Samples come from independent chains of ``samplesPerChain`` samples each; a chain begins with all
/// spins random (even chains) or aligned (odd ones), is warmed up for `warmup` sweeps and then gives
/// a sample every `sweeps` sweeps. Near the critical point the integrated autocorrelation time of
/// Swendsen–Wang is about three sweeps at size 16 and grows like ln L (or L^0.2), so that the defaults
/// (200 and 20) leave correlations of samples below one per cent up to size 256.
///
/// R. H. Swendsen and J.-S. Wang 1987, Phys. Rev. Lett. 58, 86, doi:10.1103/PhysRevLett.58.86.
struct IsingGenerator {
  static let keys = ["size", "inverse-temperature", "samples", "sweeps", "warmup", "seed"]
  static let samplesPerChain = 64

  private let name: String
  private let model: IsingModel
  private let samples: Int
  private let sweeps: Int
  private let warmup: Int
  private let seed: UInt64

  init(_ specification: GeneratorSpecification) throws(SzilardError) {
    try specification.requireKeys(in: IsingGenerator.keys)
    name = specification.text
    model = IsingModel(
      size: try specification.integer("size", default: 16, in: 2...4096),
      inverseTemperature: try specification.real(
        "inverse-temperature", default: IsingModel.criticalInverseTemperature, in: 0...20))
    samples = try specification.integer("samples", default: 10_000, in: Generators.sampleRange)
    sweeps = try specification.integer("sweeps", default: 20, in: 1...1_000_000)
    warmup = try specification.integer("warmup", default: 200, in: 0...1_000_000_000)
    seed = try specification.seed("seed", default: 1)
  }

  func generate(_ workers: Workers) -> DataSet {
    let size = model.size
    let sites = size * size
    let chains = (samples + IsingGenerator.samplesPerChain - 1) / IsingGenerator.samplesPerChain
    var bits = BitMatrix(rows: samples, columns: sites)
    var energies = [Int](repeating: 0, count: samples)
    let wordsPerRow = bits.wordsPerRow
    bits.withUnsafeMutablePointer { pointer in
      energies.withUnsafeMutableBufferPointer { energies in
        let target = UncheckedSendable((pointer, energies))
        workers.forEach(chains) { chain in
          let (pointer, energies) = target.value
          let first = chain * IsingGenerator.samplesPerChain
          var sampler = SwendsenWang(
            model: model,
            stream: RandomStream(seed: seed, purpose: .generator, index: UInt64(chain)),
            startsAligned: chain % 2 == 1)
          for _ in 0..<warmup { sampler.sweep() }
          for sample in first..<min(samples, first + IsingGenerator.samplesPerChain) {
            for _ in 0..<sweeps { sampler.sweep() }
            for site in 0..<sites where sampler.spins[site] != 0 {
              pointer[sample * wordsPerRow + site >> 6] |= 1 << UInt64(site & 63)
            }
            energies[sample] = sampler.energy
          }
        }
      }
    }
    var result = DataSet(values: .bits(bits), variableKind: .spin, name: name)
    result.pictureShape = DataSet.PictureShape(height: size, width: size)
    let logPartitionFunction = model.logPartitionFunction
    result.exactLogLikelihoods = energies.map {
      -model.inverseTemperature * Double($0) - logPartitionFunction
    }
    result.exactEntropy = model.entropy
    return result
  }
}

/// A chain of cluster updates.
struct SwendsenWang {
  private let size: Int
  /// A bond between equal spins is open when 32 random bits are below this: 1 − e^(−2K).
  private let threshold: UInt64
  private var stream: RandomStream
  /// 0 or 1 at `row * size + column`.
  private(set) var spins: [UInt8]
  private var parents: [Int32]

  init(model: IsingModel, stream: RandomStream, startsAligned: Bool) {
    size = model.size
    threshold = UInt64(-expm1(-2 * model.inverseTemperature) * 0x1p32)
    self.stream = stream
    spins = [UInt8](repeating: 1, count: size * size)
    parents = [Int32](repeating: 0, count: size * size)
    if !startsAligned {
      for site in spins.indices { spins[site] = UInt8(self.stream.next() >> 63) }
    }
  }

  /// E(s).
  var energy: Int {
    IsingModel(size: size, inverseTemperature: 0).energy(of: spins.map { $0 != 0 })
  }

  /// Opens bonds between equal neighbours, and gives each cluster of open bonds a random spin.
  mutating func sweep() {
    let size = size
    let threshold = threshold
    spins.withUnsafeMutableBufferPointer { spins in
      parents.withUnsafeMutableBufferPointer { parents in
        for site in parents.indices { parents[site] = Int32(site) }
        for row in 0..<size {
          let below = (row + 1 == size ? 0 : row + 1) * size
          for column in 0..<size {
            let site = row * size + column
            let right = row * size + (column + 1 == size ? 0 : column + 1)
            let bits = stream.next()
            if spins[site] == spins[right], bits & 0xffff_ffff < threshold {
              SwendsenWang.join(site, right, parents)
            }
            if spins[site] == spins[below + column], bits >> 32 < threshold {
              SwendsenWang.join(site, below + column, parents)
            }
          }
        }
        // Roots come before their sites, because the smaller number is the root.
        var bits: UInt64 = 0
        var left = 0
        for site in spins.indices {
          if parents[site] == site {
            if left == 0 {
              bits = stream.next()
              left = 64
            }
            spins[site] = UInt8(bits & 1)
            bits >>= 1
            left -= 1
          } else {
            spins[site] = spins[Int(parents[site])]
          }
        }
      }
    }
  }

  private static func root(_ site: Int, _ parents: UnsafeMutableBufferPointer<Int32>) -> Int {
    var site = site
    while parents[site] != site {
      parents[site] = parents[Int(parents[site])]
      site = Int(parents[site])
    }
    return site
  }

  private static func join(_ a: Int, _ b: Int, _ parents: UnsafeMutableBufferPointer<Int32>) {
    let (a, b) = (root(a, parents), root(b, parents))
    if a < b { parents[b] = Int32(a) } else { parents[a] = Int32(b) }
  }
}
