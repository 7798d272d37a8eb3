internal import Foundation
public import NumericalCore

/// The tree of clusters of data, from mean-field states along a training.
///
/// Data are iterated to the states of the last machine; those that fall into one state, or into states
/// nearer than ``StateTree/Builder/distance``, are a cluster. One state of each cluster goes on to the
/// machine before, where states merge, and so on back to the beginning. A level is recorded at the last
/// machine and wherever the number of clusters falls. The root is the state of the untrained machine,
/// all of the data together. Decelle, Rosset and Seoane 2023, Phys. Rev. E 108, 014110.
public struct StateTree: Sendable {
  /// The clusters of the data at one machine of the training.
  public struct Level: Sendable {
    /// The age of the machine, in updates.
    public let age: Int
    /// One state for each cluster: of its states, the one of lowest free energy.
    public let states: [MeanFieldState]
    /// The cluster of each sample; clusters are numbered in the order of their first samples.
    public let clusters: [Int]
    /// Samples in each cluster.
    public let counts: [Int]
  }

  /// How one machine was treated.
  public struct Step: Sendable, Encodable {
    /// The age of the machine, in updates.
    public let age: Int
    /// Points that were iterated.
    public let starts: Int
    /// Those that did not converge; they take part where they are.
    public let unconverged: Int
    /// Clusters that came of it.
    public let clusters: Int
    /// Sweeps of the start that needed most.
    public let iterations: Int
  }

  /// A cluster of a level, joined to the one that holds it.
  public struct Node: Sendable, Encodable {
    /// The name: level.cluster, or `root`.
    public let id: String
    /// The place of the parent among the nodes; nil for the root.
    public let parent: Int?
    /// The age at which the cluster joins others, in updates: that of its level, 0 for the root.
    public let age: Int
    /// Samples.
    public let count: Int
    /// The level, finest 0; nil for the root.
    public let level: Int?
  }

  /// The recorded levels, finest first.
  public let levels: [Level]
  /// All machines, last first.
  public let steps: [Step]

  /// Whether every start converged at every machine.
  public var isConverged: Bool { steps.allSatisfy { $0.unconverged == 0 } }

  /// How a tree is made.
  public struct Builder: Sendable {
    /// How states are found.
    public var solver: MeanFieldSolver
    /// Euclidean distance of visible means, in units of 0/1, up to which states are linked.
    public var distance = 1.0

    /// The defaults: second order, residual 1e-6, distance 1 as in the paper's program.
    public init(workers: Workers = Workers()) {
      solver = MeanFieldSolver(order: .tap, workers: workers)
      solver.tolerance = 1e-6
      solver.measuresStability = false
    }

    /// The tree of some data along a training.
    ///
    /// - Parameters:
    ///   - machines: Machines with their ages, in any order; at least one.
    ///   - data: Visible means of the samples in the native convention, shape [samples, visible].
    ///   - progress: Told the share of the machines that are done.
    /// - Throws: ``SzilardError`` for machines of other sizes or units than the data and each other.
    public func tree(
      of machines: [(update: Int, machine: RestrictedBoltzmannMachine)], data: Matrix<Double>,
      progress: @Sendable (Double) -> Void = { _ in }
    ) throws(SzilardError) -> StateTree {
      guard !machines.isEmpty, data.rows > 0 else {
        throw SzilardError(.usage, "a tree takes at least one machine and one sample")
      }
      for (update, machine) in machines {
        try MeanFieldSolver.checkSupported(machine)
        guard machine.visible.size == data.columns,
          machine.visible.kind == machines[0].machine.visible.kind
        else {
          throw SzilardError(
            .badData,
            "the machine at update \(update) has \(machine.visible.size) \(machine.visible.kind.name) "
              + "units, others or the data \(data.columns)")
        }
      }
      let sorted = machines.sorted { $0.update > $1.update }
      let scale = Double(sorted[0].machine.visible.kind.bitScale)
      var points = data
      var clusters = Array(0..<data.rows)
      var levels: [Level] = []
      var steps: [Step] = []
      for (number, (update, machine)) in sorted.enumerated() {
        let states = solver.states(of: machine, from: points) { fraction in
          progress((Double(number) + fraction) / Double(sorted.count))
        }
        let groups = SingleLinkage.groups(
          of: states.map(\.visible), distance: distance * scale)
        let count = (groups.max() ?? -1) + 1
        var best = [Int](repeating: -1, count: count)
        for (index, group) in groups.enumerated()
        where best[group] < 0 || states[index].freeEnergy < states[best[group]].freeEnergy {
          best[group] = index
        }
        clusters = clusters.map { groups[$0] }
        steps.append(
          Step(
            age: update, starts: states.count, unconverged: states.count { !$0.isConverged },
            clusters: count, iterations: states.map(\.iterations).max() ?? 0))
        let kept = best.map { states[$0] }
        if count < levels.last?.states.count ?? Int.max {
          var counts = [Int](repeating: 0, count: count)
          for cluster in clusters { counts[cluster] += 1 }
          levels.append(Level(age: update, states: kept, clusters: clusters, counts: counts))
        }
        points = Matrix(
          rows: count, columns: data.columns, elements: kept.flatMap(\.visible))
      }
      progress(1)
      return StateTree(levels: levels, steps: steps)
    }
  }

  /// All nodes: the root, then the clusters of the levels, coarsest first.
  ///
  /// A cluster that a finer level does not split is one node, of the finest level that has it.
  public var nodes: [Node] {
    var nodes = [
      Node(
        id: "root", parent: nil, age: 0, count: levels.first?.clusters.count ?? 0, level: nil)
    ]
    // The node that a sample belongs to so far.
    var owner = [Int](repeating: 0, count: levels.first?.clusters.count ?? 0)
    for (index, level) in levels.enumerated().reversed() {
      var first: [Int: Int] = [:]
      var places: [Int: Int] = [:]
      for (sample, cluster) in level.clusters.enumerated() where first[cluster] == nil {
        first[cluster] = sample
        let parent = owner[sample]
        let node = Node(
          id: "\(index).\(cluster)", parent: parent, age: level.age, count: level.counts[cluster],
          level: index)
        if parent > 0, nodes[parent].count == node.count {
          nodes[parent] = Node(
            id: node.id, parent: nodes[parent].parent, age: node.age, count: node.count,
            level: index)
          places[cluster] = parent
        } else {
          places[cluster] = nodes.count
          nodes.append(node)
        }
      }
      owner = level.clusters.map { places[$0] ?? 0 }
    }
    return nodes
  }

  /// The tree in Newick's format, branch lengths in updates of training.
  ///
  ///     ((0.0[&count=40]:500,0.1[&count=60]:500)1.0[&count=100]:100)root[&count=100];
  ///
  /// The length of a branch is the age of its node less that of the parent. Names are level.cluster; the
  /// count of samples stands in a comment, as BEAST and FigTree read it.
  public var newick: String {
    let nodes = nodes
    var children = [[Int]](repeating: [], count: nodes.count)
    for (index, node) in nodes.enumerated() {
      if let parent = node.parent { children[parent].append(index) }
    }
    func text(_ index: Int) -> String {
      let node = nodes[index]
      let inner = children[index].map(text)
      var result = inner.isEmpty ? "" : "(" + inner.joined(separator: ",") + ")"
      result += node.id + "[&count=\(node.count)]"
      if let parent = node.parent { result += ":\(node.age - nodes[parent].age)" }
      return result
    }
    return text(0) + ";"
  }
}
