package import BoltzmannMachines
internal import Foundation
internal import NumericalCore

/// The tree of clusters as a dendrogram: leaves above one another, the age of the training to the right.
package enum StateTreeFigure {
  /// The figure of a tree; leaves are coloured by the commonest of their samples' labels.
  ///
  /// - Parameter labels: One label a sample, or nil.
  package static func make(
    _ tree: StateTree, labels: [Int]?, name: String = "tree"
  ) -> Figure {
    let nodes = tree.nodes
    var children = [[Int]](repeating: [], count: nodes.count)
    for (index, node) in nodes.enumerated() {
      if let parent = node.parent { children[parent].append(index) }
    }
    let kinds = Array(Set(labels ?? [])).sorted()
    let names = kinds.prefix(colours.count)
    var dominant = [Int?](repeating: nil, count: nodes.count)
    if let labels {
      for (index, node) in nodes.enumerated() where children[index].isEmpty {
        dominant[index] = commonest(tree, node, labels).flatMap { names.firstIndex(of: $0) }
      }
    }
    // Leaves from top to bottom in the order of the tree; inner nodes at the mean of their children.
    var heights = [Double](repeating: 0, count: nodes.count)
    var leaves = 0
    func place(_ index: Int) {
      for child in children[index] { place(child) }
      if children[index].isEmpty {
        leaves += 1
        heights[index] = Double(leaves)
      } else {
        heights[index] =
          children[index].reduce(0) { $0 + heights[$1] } / Double(children[index].count)
      }
    }
    place(0)
    let ages = nodes.map(\.age).filter { $0 > 0 }
    let isLogarithmic = FigureStyle.isLogarithmic(updates: ages)
    let first = Double(ages.min() ?? 1)
    let last = Double(ages.max() ?? 1)
    // The root is at age zero, which a logarithm does not have.
    let left = isLogarithmic ? first / 3 : 0
    func x(_ age: Int) -> Double { age == 0 ? left : Double(age) }
    var lines = ""
    for (index, node) in nodes.enumerated() {
      guard let parent = node.parent else { continue }
      lines += "\(x(nodes[parent].age)) \(heights[parent])\n"
      lines += "\(x(nodes[parent].age)) \(heights[index])\n"
      lines += "\(x(node.age)) \(heights[index])\n\n"
    }
    var points: [String] = []
    for group in -1..<names.count {
      let members = nodes.indices.filter {
        children[$0].isEmpty && (dominant[$0] ?? -1) == group
      }
      guard !members.isEmpty else { continue }
      points.append(
        "# leaves-\(group)\n# age, place, samples\n"
          + members.map { "\(x(nodes[$0].age)) \(heights[$0]) \(nodes[$0].count)\n" }.joined())
    }
    return Figure(
      name: name, title: "Tree of clusters",
      caption:
        "Each leaf is a mean-field state of the last machine, its size the number of samples that "
        + "fall into it, its colour the commonest of their labels. Going left, back in training, states "
        + "merge; a fork stands at the age of the machine at which they have become one. The root is the "
        + "untrained machine.",
      script: script(
        name, names: Array(names), present: points, leaves: leaves, left: left, last: last,
        isLogarithmic: isLogarithmic),
      data: "# branches\n# age, place\n" + lines + "\n\n" + points.joined(separator: "\n\n"))
  }

  private static func commonest(
    _ tree: StateTree, _ node: StateTree.Node, _ labels: [Int]
  ) -> Int? {
    guard let level = node.level, let cluster = Int(node.id.split(separator: ".").last ?? "") else {
      return nil
    }
    var counts: [Int: Int] = [:]
    for (sample, own) in tree.levels[level].clusters.enumerated() where own == cluster {
      counts[labels[sample], default: 0] += 1
    }
    return counts.max { ($0.value, -$0.key) < ($1.value, -$1.key) }?.key
  }

  /// Ten labels that are told apart.
  private static let colours = [
    FigureStyle.blue, FigureStyle.vermilion, "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8C6D31",
    "#7F3C8D", "#B8B800", "#444444",
  ]

  private static func script(
    _ name: String, names: [Int], present: [String], leaves: Int, left: Double, last: Double,
    isLogarithmic: Bool
  ) -> String {
    var curves = [
      "'\(name).dat' index 'branches' using 1:2 with lines linecolor rgb '#7A8594' linewidth 1.1 notitle"
    ]
    // One sample is a small point, ten times as many a larger one by a step.
    let size = "(0.3 + 0.35 * log10($3))"
    if present.contains(where: { $0.hasPrefix("# leaves--1\n") }) {
      curves.append(
        "'\(name).dat' index 'leaves--1' using 1:2:\(size) with points pointtype 7 pointsize variable linecolor rgb '\(FigureStyle.grey)' \(names.isEmpty ? "notitle" : "title 'other'")"
      )
    }
    for (index, label) in names.enumerated()
    where present.contains(where: { $0.hasPrefix("# leaves-\(index)\n") }) {
      curves.append(
        "'\(name).dat' index 'leaves-\(index)' using 1:2:\(size) with points pointtype 7 pointsize variable linecolor rgb '\(colours[index])' title '\(label)'"
      )
    }
    let right = isLogarithmic ? last * 1.25 : last + 0.03 * (last - left)
    return FigureStyle.prologue(name, height: min(1100, max(360, 120 + 9 * leaves))) + """
      set title "Tree of clusters"
      set xlabel "updates of the training"
      unset ytics
      unset ylabel
      set border 1
      set grid noytics
      set yrange [0.2:\(Double(leaves) + 0.8)]
      \(isLogarithmic ? "set logscale x\nset format x \"10^{%L}\"" : "set format x \"%.0f\"")
      set xrange [\(left * (isLogarithmic ? 0.9 : 1)):\(right)]
      set key outside right top vertical samplen 1 title "label"
      \(names.isEmpty ? "unset key" : "")
      plot \(curves.joined(separator: ", \\\n  "))

      """
  }
}
