internal import CSzilardKernels
internal import Synchronization

/// A variant of the binary kernels: C detects what the processor has, Swift chooses once.
public enum InstructionSet: Int, CaseIterable, Sendable, CustomStringConvertible {
  /// Portable C.
  case baseline = 0
  /// AVX2 and FMA (x86-64).
  case avx2 = 1
  /// AVX-512 F, BW, DQ, VL (x86-64).
  case avx512 = 2
  /// Advanced SIMD (arm64).
  case neon = 3

  /// The name, as `--kernels` takes it.
  public var description: String {
    switch self {
    case .baseline: "baseline"
    case .avx2: "avx2"
    case .avx512: "avx512"
    case .neon: "neon"
    }
  }

  /// The variant with this name.
  public init?(name: String) {
    guard let match = InstructionSet.allCases.first(where: { $0.description == name }) else {
      return nil
    }
    self = match
  }

  /// The variants that this build has and this processor runs, slowest first.
  public static var supported: [InstructionSet] {
    let mask = szk_supported_levels()
    return allCases.filter { mask >> UInt32($0.rawValue) & 1 == 1 }
  }

  private static let chosen = Atomic<Int>(-1)

  /// The variant in use: the best supported one, unless another was chosen with ``use(_:)``.
  public static var current: InstructionSet {
    InstructionSet(rawValue: chosen.load(ordering: .relaxed)) ?? supported.last ?? .baseline
  }

  /// Forces a variant for the whole process.
  ///
  /// Results of different variants agree only in distribution.
  ///
  /// - Throws: ``SzilardError`` when the processor or the build lacks it.
  public static func use(_ set: InstructionSet) throws(SzilardError) {
    guard supported.contains(set) else {
      let names = supported.map(\.description).joined(separator: ", ")
      throw SzilardError(
        .usage, "kernels '\(set)' do not run on this machine; it has: \(names)")
    }
    chosen.store(set.rawValue, ordering: .relaxed)
  }

  /// Runs chains of fused multiply-adds at the core's peak rate; returns the operations done.
  package func multiplyAddPeak(iterations: Int) -> Double {
    szk_fma_peak(szk_level(rawValue: UInt32(rawValue)), iterations)
  }
}
