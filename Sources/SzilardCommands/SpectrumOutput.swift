internal import BoltzmannMachines
internal import NumericalCore
internal import SpectralTheory

/// The JSON of `szilard spectrum`.
struct SpectrumOutput: Encodable {
  struct Bulk: Encodable {
    let noise: Estimate
    let sigma: Double
    let edges: [Double]
    let threshold: Double
    let outliers: Int
    let distance: Double
    let distanceBound: Double
    let fits: Bool

    init(_ bulk: NoiseBulk) {
      noise = bulk.entryDeviation
      sigma = bulk.sigma
      edges = [bulk.edges.lowerBound, bulk.edges.upperBound]
      threshold = bulk.threshold
      outliers = bulk.outliers
      distance = bulk.distance
      distanceBound = bulk.distanceBound
      fits = bulk.fits
    }
  }

  struct Mode: Encodable {
    let value: Double
    let spinValue: Double
    let isOutlier: Bool
    let plantedValue: Double?
    let visibleKurtosis: Double
    let hiddenKurtosis: Double
    let visibleParticipation: Double
    let hiddenParticipation: Double
    let dataVariance: Double?
    let sampleVariance: Double?
    let componentOverlaps: [Double]?
  }

  struct Point: Encodable {
    let update: Int
    let singularValues: [Double]
    let bulk: Bulk
    let visibleKurtosis: [Double]
    let hiddenKurtosis: [Double]
  }

  struct Rates: Encodable {
    let measured: [Double]
    let predicted: [Double]
    let correlation: Double?
  }

  struct Motion: Encodable {
    let from: Int
    let to: Int
    let overlaps: [Double]
    let followed: Int
    let values: Rates
    let leftRotation: Rates
    let rightRotation: Rates
  }

  let model: String
  let update: Int?
  let singularValues: [Double]
  let spinFactor: Double
  let criticalValue: Double?
  let gain: Double
  let bulk: Bulk
  let modes: [Mode]
  let start: [Double]?
  let training: [Point]?
  let motions: [Motion]?
  let page: String?

  init(model: String, result: SpectrumAnalysis.Result, page: String?) {
    let spectrum = result.spectrum
    self.model = model
    self.page = page
    update = result.update
    singularValues = spectrum.values
    spinFactor = spectrum.spinFactor
    criticalValue = spectrum.criticalValue
    gain = result.gain
    bulk = Bulk(spectrum.bulk)
    modes = (0..<spectrum.modes.count).map { mode in
      Mode(
        value: spectrum.values[mode], spinValue: spectrum.values[mode] * spectrum.spinFactor,
        isOutlier: mode < spectrum.bulk.outliers,
        plantedValue: spectrum.plantedValue(ofMode: mode),
        visibleKurtosis: spectrum.visible.kurtosis[mode],
        hiddenKurtosis: spectrum.hidden.kurtosis[mode],
        visibleParticipation: spectrum.visible.inverseParticipationRatios[mode],
        hiddenParticipation: spectrum.hidden.inverseParticipationRatios[mode],
        dataVariance: result.dataVariances?[mode], sampleVariance: result.sampleVariances?[mode],
        componentOverlaps: result.overlaps?.row(mode))
    }
    start = result.start?.values
    training = result.training?.points.map { point in
      let kept = point.spectrum.modes.count
      return Point(
        update: point.update, singularValues: point.spectrum.values,
        bulk: Bulk(point.spectrum.bulk),
        visibleKurtosis: Array(point.spectrum.visible.kurtosis.prefix(kept)),
        hiddenKurtosis: Array(point.spectrum.hidden.kurtosis.prefix(kept)))
    }
    motions = result.training?.motions.map { motion in
      func rates(_ which: TrainingSpectrum.Rates) -> Rates {
        let points = motion.points(of: which)
        return Rates(
          measured: points.map(\.measured), predicted: points.map(\.predicted),
          correlation: motion.agreement(of: which))
      }
      return Motion(
        from: motion.from, to: motion.to, overlaps: motion.measured.overlaps,
        followed: motion.measured.isFollowed.count { $0 }, values: rates(.values),
        leftRotation: rates(.left), rightRotation: rates(.right))
    }
  }
}
