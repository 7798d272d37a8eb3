import Foundation
import NumericalCore
import TestSupport
import Testing

@testable import BoltzmannMachines

/// The tree of mean-field states on machines whose states are known.
@Suite struct StateTreeTests {
  /// Hopfield's model of four patterns in two pairs: a common half of the units at strength `first`, and
  /// what tells the two of a pair apart at strength `second`.
  private func machine(_ first: Double, _ second: Double) -> RestrictedBoltzmannMachine {
    var machine = RestrictedBoltzmannMachine(
      visible: Layer(kind: .spin, count: 64), hidden: Layer(kind: .gaussian, count: 3))
    for i in 0..<32 { machine.weights[i, 0] = Float((first / 32).squareRoot()) }
    for i in 32..<64 {
      // One block of units for each group, so that a group's children differ in its own block.
      machine.weights[i, i < 48 ? 1 : 2] = Float((second / 16).squareRoot())
    }
    return machine
  }

  /// Samples around the states (±, ±, ±) with a few spins turned over.
  private func data() -> (starts: Matrix<Double>, fine: [Int], coarse: [Int]) {
    var random = RandomStream(seed: testSeed(1), purpose: .test)
    var rows: [[Double]] = []
    var fine: [Int] = []
    for sample in 0..<80 {
      let kind = sample % 8
      fine.append(kind)
      rows.append(
        (0..<64).map { i in
          let bit = i < 32 ? kind & 1 : i < 48 ? kind >> 1 & 1 : kind >> 2
          return (bit == 1 ? 1 : -1) * (random.uniform() < 0.05 ? -1 : 1)
        })
    }
    return (
      Matrix(rows: 80, columns: 64, elements: rows.flatMap { $0 }), fine, fine.map { $0 & 1 }
    )
  }

  private let machines: [(Double, Double)] = [
    (0.5, 0.5), (1.8, 0.5), (2, 0.6), (2.5, 1.8), (3, 2.5),
  ]

  private func tree() throws -> (tree: StateTree, fine: [Int], coarse: [Int]) {
    let (starts, fine, coarse) = data()
    let tree = try StateTree.Builder(workers: Workers(count: 2)).tree(
      of: machines.enumerated().map {
        (update: 10 * ($0.offset + 1), machine: machine($0.element.0, $0.element.1))
      },
      data: starts)
    return (tree, fine, coarse)
  }

  @Test func levelsAreTheTransitionsOfTheMachine() throws {
    let (tree, fine, coarse) = try tree()
    #expect(tree.isConverged)
    #expect(tree.levels.map(\.counts.count) == [8, 2, 1])
    #expect(tree.levels.map(\.age) == [50, 30, 10])
    #expect(tree.steps.map(\.clusters) == [8, 8, 2, 2, 1])
    #expect(tree.steps.map(\.starts) == [80, 8, 8, 2, 2])
    #expect(adjustedRandIndex(tree.levels[0].clusters, fine) == 1)
    #expect(adjustedRandIndex(tree.levels[1].clusters, coarse) == 1)
    #expect(tree.levels[0].counts == Array(repeating: 10, count: 8))
  }

  @Test func nodesAndNewick() throws {
    let nodes = try tree().tree.nodes
    // Root, the one cluster at age 10, two, eight.
    #expect(nodes.count == 11 + 1)
    #expect(nodes[0].parent == nil && nodes[0].count == 80)
    for (index, node) in nodes.enumerated().dropFirst() {
      let parent = try #require(node.parent)
      #expect(parent < index && nodes[parent].age < node.age)
      let children = nodes.filter { $0.parent == index }
      if !children.isEmpty { #expect(children.reduce(0) { $0 + $1.count } == node.count) }
    }
    let text = try tree().tree.newick
    #expect(text.hasSuffix("root[&count=80];"))
    #expect(text.filter { $0 == "(" }.count == text.filter { $0 == ")" }.count)
    #expect(text.contains("2.0[&count=80]:10)root"))
    #expect(text.contains("1.0[&count=40]:20"))
    #expect(text.components(separatedBy: "[&count=10]:20").count == 9)
  }

  @Test func whatDoesNotFitIsRefused() throws {
    let builder = StateTree.Builder()
    let data = Matrix<Double>(rows: 2, columns: 5)
    #expect(throws: SzilardError.self) {
      try builder.tree(of: [(update: 1, machine: machine(1, 1))], data: data)
    }
    #expect(throws: SzilardError.self) { try builder.tree(of: [], data: data) }
  }
}
