import NumericalCore
import Testing

@testable import DataSets

@Suite struct FASTATests {
  static func parse(_ text: String, _ adjust: (inout DataOptions) throws -> Void = { _ in }) throws
    -> DataSet
  {
    let scratch = try Scratch()
    return try load(scratch.file("x.fasta", text), adjust)
  }

  static func sequences(_ data: DataSet) -> [String] {
    guard case .categorical(let alphabet) = data.variableKind else { return [] }
    return rows(of: data).map { row in alphabet.text(of: row.map { UInt8($0) }) }
  }

  @Test func readsRecords() throws {
    let data = try load(fixture("tiny.fasta.gz"))
    #expect(data.variableKind == .categorical(.rna))
    #expect(data.names == ["one", "two"])
    #expect(FASTATests.sequences(data) == ["AC-GU", "GGGGG"])
    let protein = try FASTATests.parse(">a x y\r\nMKV\r\n\r\n>>b\nM-W\n")
    #expect(protein.variableKind == .categorical(.protein))
    #expect(protein.names == ["a x y", "b"])
    #expect(try FASTATests.parse(">a\nACGT\n>b\nAC-N\n").variableKind == .categorical(.dna))
    #expect(try FASTATests.parse(">a\nAC\n>b\nAC\n") { $0.limit = 1 }.count == 1)
  }

  @Test func insertions() throws {
    // A2M: dots and lower case are insert columns.
    let a2m = try FASTATests.parse(">a\nACDaa.EF\n>b\nAC-..aEF\n")
    #expect(FASTATests.sequences(a2m) == ["ACDEF", "AC-EF"])
    // A3M: records of different lengths.
    let a3m = try FASTATests.parse(">a\nACDaaEF\n>b\nAC-EF\n")
    #expect(FASTATests.sequences(a3m) == ["ACDEF", "AC-EF"])
    // A mask in lower case, and dots for gaps.
    #expect(
      try FASTATests.sequences(FASTATests.parse(">a\nACdEF\n>b\nac.EF\n")) == ["ACDEF", "AC-EF"])
    #expect(
      try FASTATests.sequences(FASTATests.parse(">a\nacdef\n>b\nacdff\n")) == ["ACDEF", "ACDFF"])
    #expect(
      try FASTATests.sequences(FASTATests.parse(">a\nAC.EF\n>b\nACDEF\n")) == ["AC-EF", "ACDEF"])
    // An alphabet with lower case is taken at its word.
    let verbatim = try FASTATests.parse(">a\nAba.\n>b\nAAAA\n") {
      $0.alphabet = try Alphabet(".abA")
    }
    #expect(FASTATests.sequences(verbatim) == ["Aba.", "AAAA"])
  }

  @Test func foreignSymbols() throws {
    let data = try FASTATests.parse(">a\nMKV\n>b\nMXV\n>c\nMW-\n")
    #expect(data.count == 2 && data.droppedSamples == 1 && data.names == ["a", "c"])
    #expect(data.notes.contains { $0.contains("1 of 3") && $0.contains("X") })
    let scratch = try Scratch()
    let path = try scratch.file("x.fa", ">a\nMKV\n>b\nMXV\n>c\nMW-\n")
    let labels = try scratch.file("labels", "1\n2\n3\n")
    #expect(try load(path) { $0.labelsPath = labels }.labels == [1, 3])
    expectError(.badData, "every sequence", "alphabet") {
      _ = try FASTATests.parse(">a\nMKV\n") { $0.alphabet = .dna }
    }
  }

  @Test func faults() throws {
    expectError(.badData, "record 2 'b'", "2 columns", "first has 3") {
      _ = try FASTATests.parse(">a\nMKV\n>b\nMK\n")
    }
    expectError(.badData, "line 1", "before the first") {
      _ = try FASTATests.parse("MKV\n>a\nMKV\n")
    }
    expectError(.badData, "record 1 'a'", "no sequence") {
      _ = try FASTATests.parse(">a\n>b\nMKV\n")
    }
    expectError(.badData, "empty") { _ = try FASTATests.parse("") }
    expectError(.badData, "no FASTA records") { _ = try FASTATests.parse("\n\n") }
    expectError(.usage, "transposed") {
      _ = try FASTATests.parse(">a\nMKV\n") { $0.transpose = true }
    }
    expectError(.usage, "categorical") {
      _ = try FASTATests.parse(">a\nMKV\n") { $0.variableKind = .binary }
    }
    expectError(.usage, "binarised") {
      _ = try FASTATests.parse(">a\nMKV\n") { $0.binarisation = .threshold(0) }
    }
  }

  @Test func alphabets() throws {
    #expect(try Alphabet("RNA") == .rna)
    #expect(try Alphabet("01").count == 2)
    #expect(Alphabet.protein.count == 21 && Alphabet.protein.colour(of: "Y") == 20)
    #expect(Alphabet.protein.colour(of: "B") == nil)
    #expect(Alphabet.numbered(94).count == 94)
    #expect(Set(Alphabet.numbered(94).symbols).count == 94)
    for (text, part) in [
      ("AA", "twice"), ("A", "two"), ("A B", "blanks"), ("äö", "ASCII"), ("", "two"),
    ] {
      expectError(.usage, part) { _ = try Alphabet(text) }
    }
  }

  @Test func weightsAgreeWithTheDefinition() throws {
    var stream = RandomStream(seed: 5, purpose: .test)
    // 300 sites need two bytes of count, 130 sequences a filled and a partial block.
    for sites in [7, 300] {
      let text = (0..<130).map { number in
        let fixed = number % 10 == 0 ? 0.1 : 0.9
        return ">\(number)\n"
          + String(
            (0..<sites).map { site in
              stream.uniform() < fixed
                ? "ACGU"["ACGU".index("ACGU".startIndex, offsetBy: site % 4)]
                : "ACGU".randomElement(using: &stream) ?? "A"
            })
      }.joined(separator: "\n")
      for threshold in [0.2, 0.8, 0.857142857, 1] {
        let data = try FASTATests.parse(text) { $0.sequenceIdentityThreshold = threshold }
        let all = rows(of: data)
        let expected = all.map { row in
          1
            / Double(
              all.filter { other in
                Double(zip(row, other).filter { $0 == $1 }.count) >= threshold * Double(sites)
                  - 1e-9
              }.count)
        }
        #expect(data.weights == expected)
        #expect(abs(data.effectiveSampleCount - expected.reduce(0, +)) < 1e-12)
        #expect(
          try data.sequenceWeights(identityThreshold: threshold, workers: Workers(count: 1))
            == expected)
      }
    }
    expectError(.usage, "threshold") {
      _ = try FASTATests.parse(">a\nA\n") { $0.sequenceIdentityThreshold = 0 }
    }
  }
}
