import Foundation
import NumericalCore
import Testing

@Suite struct EstimateTests {
  private func json(_ estimate: Estimate) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    return String(decoding: try encoder.encode(estimate), as: UTF8.self)
  }

  @Test func `JSON has exactly the documented keys`() throws {
    let good = Estimate(
      value: -12.5, interval: -13 ... -12, method: "bridge", effectiveSampleSize: 100)
    #expect(
      try json(good)
        == #"{"confidence":0.95,"effectiveSampleSize":100,"interval":[-13,-12],"method":"bridge","#
        + #""value":-12.5,"verdict":"resolved"}"#)
    let bad = Estimate.unresolved("no overlap", method: "exponential average")
    #expect(
      try json(bad)
        == #"{"confidence":0.95,"effectiveSampleSize":0,"interval":[null,null],"#
        + #""method":"exponential average","reason":"no overlap","value":0,"verdict":"unresolved"}"#
    )
  }

  @Test func `JSON round trip`() throws {
    let estimates = [
      Estimate(value: 1, interval: 0...2, confidence: 0.9, method: "m", effectiveSampleSize: 7.5),
      Estimate(value: 1, interval: 0 ... .infinity, method: "m", effectiveSampleSize: 7),
      Estimate.unresolved("why", value: 3, method: "m", effectiveSampleSize: 1),
      Estimate(value: -.infinity, interval: -.infinity...4, method: "m", effectiveSampleSize: 1),
      Estimate(value: .infinity, interval: 4 ... .infinity, method: "m", effectiveSampleSize: 1),
    ]
    for estimate in estimates {
      let data = try JSONEncoder().encode(estimate)
      #expect(try JSONDecoder().decode(Estimate.self, from: data) == estimate)
    }
  }

  @Test func `malformed JSON is refused`() {
    let texts = [
      #"{"confidence":0.95,"effectiveSampleSize":1,"interval":[2,1],"method":"m","value":1,"verdict":"resolved"}"#,
      #"{"confidence":0.95,"effectiveSampleSize":1,"interval":[1],"method":"m","value":1,"verdict":"resolved"}"#,
      #"{"confidence":0.95,"effectiveSampleSize":1,"interval":[1,2],"method":"m","value":1,"verdict":"fine"}"#,
      #"{"confidence":0.95,"effectiveSampleSize":1,"interval":[1,2],"method":"m","value":1,"verdict":"unresolved"}"#,
      #"{"confidence":1.5,"effectiveSampleSize":1,"interval":[1,2],"method":"m","value":1,"verdict":"resolved"}"#,
    ]
    for text in texts {
      #expect(throws: DecodingError.self) {
        try JSONDecoder().decode(Estimate.self, from: Data(text.utf8))
      }
    }
  }

  @Test func `never NaN, never zero plus or minus zero`() throws {
    let cases = [
      Estimate(value: .nan, interval: 0...1, method: "m", effectiveSampleSize: 5),
      Estimate(value: .nan, standardError: 1, method: "m", effectiveSampleSize: 5),
      Estimate(value: 1, standardError: .nan, method: "m", effectiveSampleSize: 5),
      Estimate(value: 1, standardError: .infinity, method: "m", effectiveSampleSize: 5),
      Estimate(value: 0, standardError: 0, method: "m", effectiveSampleSize: 5),
      Estimate(value: 0, interval: 0...1, method: "m", effectiveSampleSize: .nan),
      Estimate(value: .infinity, interval: 0 ... .infinity, method: "m", effectiveSampleSize: 5),
    ]
    for estimate in cases {
      #expect(!estimate.isResolved)
      #expect(!estimate.value.isNaN && !estimate.effectiveSampleSize.isNaN)
      #expect(!estimate.interval.lowerBound.isNaN && !estimate.interval.upperBound.isNaN)
      #expect(!(try json(estimate).lowercased().contains("nan")))
    }
  }

  @Test func `normal and Student intervals`() {
    let normal = Estimate(value: 2, standardError: 0.5, method: "m", effectiveSampleSize: 1000)
    #expect(abs(normal.interval.upperBound - (2 + 0.5 * 1.959963984540054)) < 1e-14)
    let student = Estimate(
      value: 2, standardError: 0.5, degreesOfFreedom: 2, method: "m", effectiveSampleSize: 3)
    #expect(abs(student.interval.lowerBound - (2 - 0.5 * 4.302652729749462)) < 1e-11)
    #expect(normal.isResolved && student.isResolved)
  }

  @Test func `lowering, scaling and text`() {
    let good = Estimate(value: 1, interval: 0.9...1.2, method: "m", effectiveSampleSize: 5)
    let scaled = good.scaled(by: -2, plus: 1)
    #expect(scaled.value == -1)
    #expect(
      abs(scaled.interval.lowerBound + 1.4) < 1e-15 && abs(scaled.interval.upperBound + 0.8) < 1e-15
    )
    let lowered = good.unresolved(because: "drift")
    #expect(lowered.verdict == .unresolved("drift"))
    #expect(lowered.unresolved(because: "other").verdict == .unresolved("drift"))
    #expect(good.description == "1.000 [0.900, 1.200]")
    #expect(lowered.description == "1.000 [0.900, 1.200] unresolved: drift")
    #expect(
      Estimate.unresolved("x", method: "m").description == "0.000000 [-inf, inf] unresolved: x")
  }
}
