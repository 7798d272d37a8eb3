import Foundation
import NumericalCore
import StochasticThermodynamics
import TestSupport
import Testing

@Suite struct WorkFileTests {
  private let table = WorkTable(forward: [1.5, -0.1, 1.0 / 3], reverse: [2, 1e-300])

  @Test func tablesComeBackWithAllBits() throws {
    try temporaryDirectory { folder in
      func path(_ name: String) -> String { folder.appendingPathComponent(name).path }
      try table.write(to: path("works.npz"))
      #expect(try WorkTable(path: path("works.npz")) == table)
      try WorkTable(forward: [1, 2]).write(to: path("one.npz"))
      #expect(try WorkTable(path: path("one.npz")).reverse.isEmpty)
      for suffix in ["npy", "txt", "csv"] {
        try WorkTable.write(table.forward, to: path("f.\(suffix)"))
        try WorkTable.write(table.reverse, to: path("r.\(suffix)"))
        let read = try WorkTable(
          forwardPath: path("f.\(suffix)"), reversePath: path("r.\(suffix)"))
        #expect(read == table, "\(suffix)")
      }
    }
  }

  @Test func potentialsComeBackWithAllBits() throws {
    try temporaryDirectory { folder in
      let path = folder.appendingPathComponent("u.npz").path
      let potentials = ReducedPotentials(
        potentials: Matrix(rows: 2, columns: 3, elements: [0.1, 2, 3, 1.0 / 3, 5, 6]),
        counts: [2, 1])
      try potentials.write(to: path)
      #expect(try ReducedPotentials(path: path) == potentials)
    }
  }

  @Test(arguments: [
    ("1\n2\nthree\n", "line 3"), ("1\n2 3\n", "line 2"), ("", "holds no numbers"),
    ("# nothing\n\n", "holds no numbers"), ("1\nnan\n", "line 2"), ("inf\n", "line 1"),
    ("works\nmore\n", "line 2"),
  ])
  func badTextIsNamed(_ text: String, _ place: String) throws {
    try temporaryDirectory { folder in
      let path = folder.appendingPathComponent("works.txt").path
      try Data(text.utf8).write(to: URL(fileURLWithPath: path))
      do {
        _ = try WorkTable(forwardPath: path)
        Issue.record("no error")
      } catch let error as SzilardError {
        #expect(error.kind == .badData)
        #expect(error.message.contains(path) && error.message.contains(place), "\(error)")
      }
    }
  }

  @Test func badArraysAreNamed() throws {
    try temporaryDirectory { folder in
      let path = folder.appendingPathComponent("works.npz").path
      func message(_ body: () throws -> Void) -> String {
        do {
          try body()
          return ""
        } catch { return "\(error)" }
      }
      try ReducedPotentials(
        potentials: Matrix(rows: 2, columns: 3), counts: [1, 1]
      ).write(to: path)
      #expect(message { _ = try WorkTable(path: path) }.contains("no array 'w_F'"))
      #expect(message { _ = try ReducedPotentials(path: path) }.contains("counts 2 samples"))
      try table.write(to: path)
      #expect(message { _ = try ReducedPotentials(path: path) }.contains("u_kn"))
      #expect(message { _ = try WorkTable(path: path + "x") }.contains("no such file"))
    }
  }
}
