public import NumericalCore

/// All results that can be reproduced, in the order of their names.
public enum Registry {
  /// The entries.
  public static let all: [Reproduction] = [
    .heatExchangeExact,
    .heatExchangeSampled,
    .contrastiveDivergenceEntropy,
    .annealingAsJarzynski,
    .lawsOfLearning,
    .gaussianLearning,
    .noiseBulk,
    .replicaSymmetricPhases,
    .kurtosisRule,
    .spectralLearning,
    .digitSpectrum,
    .equilibriumTraining,
    .trajectoryTempering,
    .partitionFunctionAlongTraining,
    .jarzynskiTraining,
    .meanFieldAndTree,
    .descentNoise,
    .descentStationaryState,
    .descentFluctuationTheorems,
    .descentEntropyScaling,
    .descentEffectiveLoss,
    .descentDigits,
    .exactPosteriorBias,
    .equilibriumSampler,
    .entropyFromTrajectories,
    .posteriorBiasTable,
    .swissRollLearning,
    .heartbeatLearning,
    .restorationOfPictures,
    .reverseEntropyBounds,
    .pathFluctuationTheorems,
    .boundBySchedule,
    .samplerConvergence,
    .continuousBoundInvariance,
    .likelihoodTriangle,
    .speedAndAccuracy,
    .entropyProductionIdentity,
    .trapProtocols,
    .unitGaussianBound,
    .gaussianBoundTable,
    .digitsParzen,
    .deadLeavesLearning,
  ]

  /// The entries of the given names, in the order of the registry; all for no names.
  ///
  /// - Throws: ``SzilardError`` of kind `usage` for an unknown name, with the names there are.
  public static func entries(named ids: [String]) throws(SzilardError) -> [Reproduction] {
    for id in ids where !all.contains(where: { $0.id == id }) {
      throw SzilardError(
        .usage,
        "'\(id)': there is no such entry; there are \(all.map(\.id).joined(separator: ", "))")
    }
    return ids.isEmpty ? all : all.filter { ids.contains($0.id) }
  }
}
