import Foundation
import NumericalCore
import Testing

@testable import DataSets

/// Files that others made; the tests are skipped where they are not beside the repository.
@Suite(.serialized) struct RealDataTests {
  private func found(_ name: String) -> String? {
    let path = realData(name)
    if path == nil { print("skipped: there is no ../shared/data/\(name)") }
    return path
  }

  @Test func digits() throws {
    guard let path = found("mnist/train-images-idx3-ubyte.gz") else { return }
    let before = peakMemory()
    let data = try load(path) {
      $0.binarisation = .threshold(0.5)
      #if DEBUG
        $0.limit = 2000
      #endif
    }
    let growth = peakMemory() - before
    #expect(data.variableKind == .binary && data.unitCount == 784)
    #expect(data.labels?.prefix(5) == [5, 0, 4, 1, 9])
    #expect(data.pictureShape == DataSet.PictureShape(height: 28, width: 28))
    // 60,000 × 784 bits are 6 MB (13 words a row); floats would be 188 MB.
    #expect(growth < 40 << 20)
    #if !DEBUG
      #expect(data.count == 60_000)
      guard case .bits(let bits) = data.values else { return }
      // Counted with NumPy: (images > 127).sum().
      #expect(bits.columnCounts().reduce(0, +) == 6_221_431)
    #endif
  }

  @Test func genomes() throws {
    guard let path = found("genomes/hgd_4500x805.h5.gz") else { return }
    #if HDF5
      let data = try load(path)
      #expect(data.count == 4500 && data.unitCount == 805 && data.variableKind == .binary)
    #endif
  }

  @Test func alignments() throws {
    guard let kunitz = found("msa/kunitz_13600x53.fasta") else { return }
    let protein = try load(kunitz)
    #expect(protein.count == 13_600 && protein.unitCount == 53)
    #expect(protein.variableKind == .categorical(.protein))
    #expect(protein.names?.first == "A0A0V1MAN1_9BILA/990-1042")
    guard let family = found("msa/RF00379.fasta") else { return }
    let rna = try load(family)
    #expect(rna.count == 3827 && rna.unitCount == 136 && rna.variableKind == .categorical(.rna))
    guard let lattice = found("msa/lattice_proteins_46265x27.fasta.gz") else { return }
    let proteins = try load(lattice)
    #expect(proteins.count == 46_265 && proteins.unitCount == 27)
    #expect(proteins.variableKind == .categorical(.protein) && proteins.droppedSamples == 0)
    #if !DEBUG
      let start = Date()
      let weights = try protein.sequenceWeights(identityThreshold: 0.8)
      let half = Date()
      _ = try proteins.sequenceWeights(identityThreshold: 0.8)
      print(
        "sequence weights: 13,600 x 53 in \(half.timeIntervalSince(start)) s, "
          + "46,265 x 27 in \(Date().timeIntervalSince(half)) s")
      #expect(abs(weights.reduce(0, +) - 4363.861455956928) < 1e-6)
    #endif
  }

  @Test func isingConfigurations() throws {
    guard let path = found("ising/confs_L8_beta0.4406.txt.gz") else { return }
    let data = try load(path)
    #expect(data.count == 10_000 && data.unitCount == 64 && data.variableKind == .spin)
    // Near the critical point: the mean energy a site of the exact solution, within 0.05.
    let model = IsingModel(size: 8, inverseTemperature: 0.4406)
    let energies = (0..<data.count).map { sample in
      model.energy(of: (0..<64).map { data.value(sample, $0) > 0 })
    }
    let mean = Double(energies.reduce(0, +)) / Double(data.count)
    #expect(abs(mean - model.meanEnergy) / 64 < 0.05)
  }
}
