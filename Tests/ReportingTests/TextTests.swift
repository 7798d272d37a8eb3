import BoltzmannMachines
import DataSets
import Foundation
import TestSupport
import Testing

@testable import Reporting

@Suite("Texts of a report")
struct TextTests {
  @Test("words are quoted for a shell")
  func quoting() {
    #expect(TrainCommandLine.quoted("ising:size=16,samples=10") == "ising:size=16,samples=10")
    #expect(TrainCommandLine.quoted("my data.npy") == "'my data.npy'")
    #expect(TrainCommandLine.quoted("it's") == "'it'\\''s'")
    #expect(TrainCommandLine.quoted("$(rm)") == "'$(rm)'")
    #expect(TrainCommandLine.quoted("") == "''")
  }

  @Test("the command has every option, and those of the other optimizer not")
  func command() throws {
    try temporaryDirectory { parent in
      var description = try SmallRun(in: parent).description
      description.reading.binarize = "-0.5"
      description.training.centred = false
      let text = TrainCommandLine(description: description).text
      #expect(
        text.hasPrefix("szilard train bars-and-stripes:size=2 --run again --held-out 0.1 "))
      for option in [
        "--hidden 2", "--visible-units bernoulli", "--binarize=-0.5", "--no-centring", "--seed 7",
        "--momentum 0.0", "--kernels baseline", "--updates 20", "--evaluate-every 10",
      ] {
        #expect(text.contains(option), "\(option)")
      }
      description.training.optimizer = "adam"
      description.test = "held out.npy"
      let other = TrainCommandLine(description: description).text
      #expect(other.contains("--test 'held out.npy'"))
      #expect(!other.contains("--held-out"))
      #expect(!other.contains("--momentum"))
    }
  }

  @Test("numbers have the digits that their intervals warrant")
  func numbers() {
    #expect(NumberText.digits(for: -1.5 ... -1.25) == 2)
    #expect(NumberText.digits(for: 0...30) == 0)
    #expect(NumberText.digits(for: 1...1) == 4)
    #expect(NumberText.digits(for: -.infinity ... .infinity) == 4)
    #expect(NumberText.decimal(-0.001, digits: 2) == "0.00")
    #expect(NumberText.decimal(-1.5, digits: 1) == "−1.5")
    #expect(NumberText.decimal(-.infinity, digits: 1) == "−∞")
    #expect(NumberText.grouped(1234) == "1234")
    #expect(NumberText.grouped(1_234_567) == "1\u{202F}234\u{202F}567")
    #expect(NumberText.duration(12.34) == "12.3 s")
    #expect(NumberText.duration(3600) == "1 h 00 min")
    #expect(NumberText.data(.nan) == "NaN")
    #expect(NumberText.data(-.infinity) == "NaN")
  }

  @Test("tics are at round distances")
  func tics() {
    #expect(FigureStyle.ticStep(500, about: 5) == 100)
    #expect(isClose(FigureStyle.ticStep(0.09, about: 4), 0.05))
    #expect(FigureStyle.ticStep(0, about: 4) == 1)
  }
}
