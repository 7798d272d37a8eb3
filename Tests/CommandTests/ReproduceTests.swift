import Foundation
import TestSupport
import Testing

/// `szilard reproduce`: the registry from the command line.
@Suite struct ReproduceTests {
  @Test func exactEntriesRunEndToEnd() throws {
    try temporaryDirectory { folder in
      let run = try Szilard.run(
        ["reproduce", "bm-r1", "bm-r3", "--output", "out", "--json", "--threads", "1"], in: folder)
      #expect(run.status == 0, "\(run.errors)")
      let list = try #require(
        try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [[String: Any]])
      #expect(list.map { $0["id"] as? String } == ["bm-r1", "bm-r3"])
      for entry in list {
        #expect(entry["verdict"] as? String == "pass")
        for key in ["title", "criterion", "measured", "paper", "settings", "checks", "seconds"] {
          #expect(entry[key] != nil, "\(key)")
        }
      }
      let page = folder.appendingPathComponent("out/index.html")
      let html = try String(contentsOf: page, encoding: .utf8)
      #expect(html.contains("bm-r1") && html.contains("bm-r3"))
      for name in ["bm-r1-heat", "bm-r3-trained", "bm-r3-random"] {
        let data = folder.appendingPathComponent("out/figures/\(name).dat")
        #expect(FileManager.default.fileExists(atPath: data.path), "\(name)")
      }
    }
  }

  @Test func aTableIsForPeople() throws {
    try temporaryDirectory { folder in
      let run = try Szilard.run(["reproduce", "bm-r1"], in: folder)
      #expect(run.status == 0, "\(run.errors)")
      #expect(run.output.contains("bm-r1  PASS"))
      #expect(run.output.contains("reproductions/index.html"))
      #expect(run.errors.contains("bm-r1 pass"))
    }
  }

  @Test func entriesAreListed() throws {
    try temporaryDirectory { folder in
      let run = try Szilard.run(["reproduce", "--list"], in: folder)
      #expect(run.status == 0)
      for id in ["bm-r1", "bm-r2", "bm-r3", "bm-r4"] { #expect(run.output.contains(id)) }
      let json = try Szilard.run(["reproduce", "bm-r2", "--list", "--json"], in: folder)
      let list = try #require(
        try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [[String: Any]])
      #expect(list.count == 1)
      #expect(list.first?["criterion"] is String)
      #expect(
        try FileManager.default.contentsOfDirectory(atPath: folder.path).allSatisfy {
          $0.hasPrefix(".")
        })
    }
  }

  @Test func mistakesAreTold() throws {
    try temporaryDirectory { folder in
      let unknown = try Szilard.run(["reproduce", "bm-r99"], in: folder)
      #expect(unknown.status == 64)
      #expect(unknown.errors.contains("bm-r99") && unknown.errors.contains("bm-r1"))
      let missing = try Szilard.run(["reproduce", "bm-r1", "--mnist", "none"], in: folder)
      #expect(missing.status == 66)
      #expect(missing.errors.contains("none"))
    }
  }
}
