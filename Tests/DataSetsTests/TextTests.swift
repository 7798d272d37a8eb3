import NumericalCore
import Testing

@testable import DataSets

@Suite struct TextTests {
  static func parse(_ text: String, _ adjust: (inout DataOptions) -> Void = { _ in }) throws
    -> DataSet
  {
    let scratch = try Scratch()
    return try load(scratch.file("x.txt", text), adjust)
  }

  @Test(arguments: [
    "0 1 1\n1 0 0\n", "0,1,1\n1,0,0", "0;1;1\r\n1;0;0\r\n", "0\t1\t1\n1\t0\t0\n", "011\n100\n",
    "# comment\n\n a b c\n0.0 1.0 1e0 # tail\n+1 0 -0\n", "x1,x2,x3\n0, 1 ,1\n1,0,0\n",
  ]) func separators(_ text: String) throws {
    let data = try TextTests.parse(text)
    #expect(data.variableKind == .binary)
    #expect(rows(of: data) == [[0, 1, 1], [1, 0, 0]])
  }

  @Test func spinsRealsAndTranspose() throws {
    let spins = try TextTests.parse("1 -1\n-1 -1\n1 1\n") { $0.transpose = true }
    #expect(spins.variableKind == .spin)
    #expect(rows(of: spins) == [[1, -1, 1], [-1, -1, 1]])
    // Bits become reals when a third value comes, also after spins.
    let reals = try TextTests.parse("1 -1\n-1 -1\n0.5 1\n")
    #expect(reals.variableKind == .continuous)
    #expect(rows(of: reals) == [[1, -1], [-1, -1], [0.5, 1]])
    #expect(try rows(of: TextTests.parse("1 0\n1 -1\n")) == [[1, 0], [1, -1]])
    #expect(try TextTests.parse("1 1\n1 1\n").variableKind == .binary)
    #expect(
      try TextTests.parse("1 -1\n") { $0.variableKind = .continuous }.variableKind == .continuous)
  }

  @Test func kindsAsAsked() throws {
    let binary = try TextTests.parse("1 -1\n-1 -1\n") { $0.variableKind = .binary }
    #expect(binary.variableKind == .binary && !binary.notes.isEmpty)
    #expect(rows(of: binary) == [[1, 0], [0, 0]])
    let spin = try TextTests.parse("1 0\n") { $0.variableKind = .spin }
    #expect(rows(of: spin) == [[1, -1]])
    let colours = try TextTests.parse("0 3\n2 1\n") { $0.variableKind = .categorical }
    #expect(colours.variableKind == .categorical(.numbered(4)))
    expectError(.badData, "line 2, column 1", "1.5", "integers") {
      _ = try TextTests.parse("0 3\n1.5 1\n") { $0.variableKind = .categorical }
    }
    expectError(.badData, "line 2, column 2", "0.5", "--binarize") {
      _ = try TextTests.parse("0 1\n1 0.5\n") { $0.variableKind = .binary }
    }
  }

  @Test func binarisation() throws {
    let data = try TextTests.parse("0.2 0.5\n0.51 7\n") { $0.binarisation = .threshold(0.5) }
    #expect(data.variableKind == .binary)
    #expect(rows(of: data) == [[0, 0], [1, 1]])
    expectError(.badData, "line 2, column 2", "probability") {
      _ = try TextTests.parse("0.2 0.5\n0.51 7\n") { $0.binarisation = .probabilities(seed: 1) }
    }
    let text = String(repeating: "0 0.25 1\n", count: 4000)
    let drawn = try TextTests.parse(text) { $0.binarisation = .probabilities(seed: 1) }
    guard case .bits(let bits) = drawn.values else {
      Issue.record("not bits")
      return
    }
    let counts = bits.columnCounts()
    #expect(counts[0] == 0 && counts[2] == 4000)
    // α = 1e-9: Hoeffding, |k − 1000| ≤ √(n ln(2/α) / 2) = √(4000 · 21.42 / 2) = 207.
    #expect(abs(counts[1] - 1000) <= 207)
    #expect(abs(counts[1] - 2000) > 207)  // the mutant: a probability of one half
    let again = try TextTests.parse(text) { $0.binarisation = .probabilities(seed: 1) }
    #expect(again.values == drawn.values)
    let other = try TextTests.parse(text) { $0.binarisation = .probabilities(seed: 2) }
    #expect(other.values != drawn.values)
  }

  @Test func faults() throws {
    expectError(.badData, "empty") { _ = try TextTests.parse("") }
    expectError(.badData, "no samples") { _ = try TextTests.parse("# nothing\n\n") }
    expectError(.badData, "line 3", "holds 2 values", "first holds 3") {
      _ = try TextTests.parse("1 0 1\n# x\n1 0\n")
    }
    expectError(.badData, "line 2, column 2", "'x' is not a number") {
      _ = try TextTests.parse("1 0 1\n1 x 0\n")
    }
    expectError(.badData, "line 1, column 2", "nan") { _ = try TextTests.parse("1 nan 1\n") }
    expectError(.badData, "line 2, column 2", "empty field") {
      _ = try TextTests.parse("1,0\n1,\n")
    }
    expectError(.badData, "line 2", "row of 0 and 1") { _ = try TextTests.parse("0101\n012\n") }
    expectError(.badData, "line 2", "holds 3 values") { _ = try TextTests.parse("0101\n010\n") }
    expectError(.badData, "line 2, column 1", "inf") { _ = try TextTests.parse("1\n1e999\n") }
  }

  @Test func labels() throws {
    let scratch = try Scratch()
    let data = try scratch.file("x.txt", "0 1\n1 0\n1 1\n")
    let labels = try scratch.file("labels.txt", "# class\n4\n5.0\n-6\n")
    #expect(try load(data) { $0.labelsPath = labels }.labels == [4, 5, -6])
    let limited = try load(data) {
      $0.labelsPath = labels
      $0.limit = 2
    }
    #expect(limited.labels == [4, 5])
    let short = try scratch.file("short.txt", "1\n2\n")
    expectError(.badData, "short.txt", "2 labels", "3 samples") {
      _ = try load(data) { $0.labelsPath = short }
    }
    let reals = try scratch.file("reals.txt", "1\n2.5\n3\n")
    expectError(.badData, "line 2", "2.5") { _ = try load(data) { $0.labelsPath = reals } }
    expectError(.cannotOpen, "missing.txt") {
      _ = try load(data) { $0.labelsPath = scratch.path("missing.txt") }
    }
    expectError(.usage, "labels") { _ = try load("ising:size=4") { $0.labelsPath = labels } }
  }
}
