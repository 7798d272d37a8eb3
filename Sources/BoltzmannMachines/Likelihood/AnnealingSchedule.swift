internal import Foundation
internal import NumericalCore

/// Schedules of inverse temperatures from 0 to 1 for annealing.
public enum AnnealingSchedule {
  /// Evenly spaced temperatures.
  public static func linear(temperatures: Int) -> [Double] {
    precondition(temperatures >= 2)
    return (0..<temperatures).map { Double($0) / Double(temperatures - 1) }
  }

  /// The schedule of Salakhutdinov and Murray 2008: steps of 1e-3 to 0.5, of 1e-4 to 0.9, of 1e-5 to
  /// 1; 14,501 temperatures.
  public static var salakhutdinovMurray: [Double] {
    (0..<500).map { Double($0) / 1000 } + (5000..<9000).map { Double($0) / 10_000 }
      + (90_000...100_000).map { Double($0) / 100_000 }
  }

  /// Temperatures spaced such that each step dissipates alike (constant thermodynamic speed).
  ///
  /// With v(β) = √(dVar(w)/dβ²), the standard deviation of the work per unit of β at equilibrium, a
  /// step Δβ dissipates about v² Δβ²/2 (Sivak and Crooks 2012, eq. 11, relaxation time left out);
  /// the sum over a given number of steps is least when v Δβ is the same for all. v is measured in
  /// the pilot run whose increments are given.
  ///
  /// - Parameter floor: The least density of temperatures, relative to the mean, so that no stretch
  ///   is left empty because the pilot saw no fluctuations in it.
  static func equalDissipation(
    pilot: [Double], variances: [Double], temperatures: Int, floor: Double = 0.15
  ) -> [Double] {
    precondition(pilot.count == variances.count + 1 && temperatures >= 2)
    var speeds = smoothed(variances.map { $0.squareRoot() })
    let mean = speeds.reduce(0, +) / Double(speeds.count)
    let width = 1 / Double(speeds.count)
    // Speed per pilot step is v Δβ; the floor spreads part of the temperatures evenly over β.
    for k in speeds.indices {
      let share = mean > 0 ? speeds[k] / mean : 1
      speeds[k] = share + floor * (pilot[k + 1] - pilot[k]) / width
    }
    var cumulative = [0.0]
    for speed in speeds { cumulative.append(cumulative[cumulative.count - 1] + speed) }
    let total = cumulative[cumulative.count - 1]
    var schedule: [Double] = []
    var k = 0
    for index in 0..<temperatures {
      let target = total * Double(index) / Double(temperatures - 1)
      while k < speeds.count - 1, cumulative[k + 1] < target { k += 1 }
      let fraction = speeds[k] > 0 ? (target - cumulative[k]) / speeds[k] : 0
      schedule.append(pilot[k] + min(1, max(0, fraction)) * (pilot[k + 1] - pilot[k]))
    }
    schedule[0] = 0
    schedule[temperatures - 1] = 1
    return schedule
  }

  /// A running mean over about one fiftieth of the steps.
  private static func smoothed(_ values: [Double]) -> [Double] {
    let half = max(1, values.count / 100)
    return values.indices.map { k in
      let window = values[max(0, k - half)...min(values.count - 1, k + half)]
      return window.reduce(0, +) / Double(window.count)
    }
  }
}
