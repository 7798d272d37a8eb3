import Learning
import TestSupport
import Testing

@Suite struct ScheduleTests {
  @Test(arguments: ["constant", "linear:0.1", "exponential:0.01", "cosine:0.0"])
  func textRoundTrips(_ text: String) {
    #expect(LearningRateSchedule(text)?.description == text)
  }

  @Test(arguments: [
    "", "linear:", "linear:2", "linear:x", "exponential:0", "constant:1", "cosine:-1", "step",
  ])
  func nonsenseIsRefused(_ text: String) { #expect(LearningRateSchedule(text) == nil) }

  @Test func schedulesBeginAtOneAndEndAtTheFinalFactor() {
    for (schedule, final, middle) in [
      (LearningRateSchedule.constant, 1.0, 1.0), (.linear(final: 0.2), 0.2, 0.6),
      (.exponential(final: 0.01), 0.01, 0.1), (.cosine(final: 0), 0, 0.5),
    ] {
      #expect(schedule.factor(update: 0, total: 101) == 1)
      #expect(isClose(schedule.factor(update: 50, total: 101), middle, relative: 1e-12))
      #expect(isClose(schedule.factor(update: 100, total: 101), final, absolute: 1e-12))
      // Beyond the end it stays there.
      #expect(isClose(schedule.factor(update: 500, total: 101), final, absolute: 1e-12))
    }
  }
}
