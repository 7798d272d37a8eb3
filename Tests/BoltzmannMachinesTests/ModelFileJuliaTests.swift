#if HDF5
  @testable import BoltzmannMachines
  import DataSets
  import Foundation
  import NumericalCore
  import TestSupport
  import Testing

  /// Files as RestrictedBoltzmannMachines.jl writes them, against its energy written out in its own
  /// indices.
  @Suite struct ModelFileJuliaTests {
    /// An array of Julia: elements column by column.
    struct Columns {
      var shape: [Int]
      var elements: [Double]

      init(_ shape: [Int], _ random: inout RandomStream) {
        self.shape = shape
        elements = (0..<shape.reduce(1, *)).map { _ in random.normal() }
      }

      subscript(_ index: Int...) -> Double {
        get { elements[offset(index)] }
        set { elements[offset(index)] = newValue }
      }

      private func offset(_ index: [Int]) -> Int {
        var stride = 1
        var result = 0
        for (axis, value) in index.enumerated() {
          result += stride * value
          stride *= shape[axis]
        }
        return result
      }

      /// What HDF5.jl stores: the same bytes under the reversed shape.
      var stored: StoredArray { StoredArray(elements, shape: shape.reversed()) }
    }

    private func write(
      _ path: String, weights: Columns, visible: Columns, _ visibleType: String, hidden: Columns,
      _ hiddenType: String, type: String = "RBM", version: String = "1.0.0"
    ) throws {
      try HDF5File.write(to: path) { file throws(SzilardError) in
        try file.write(version, to: "rbm_hdf5_file_format_version")
        try file.write(type, to: "rbm_type")
        try file.write(weights.stored, to: "weights")
        try file.write(visible.stored, to: "visible_par")
        try file.write(hidden.stored, to: "hidden_par")
        try file.write(visibleType, to: "visible_type")
        try file.write(hiddenType, to: "hidden_type")
      }
    }

    /// Potts(q, n) visible and Gaussian(m) hidden units.
    @Test func pottsAndGaussian() throws {
      var random = RandomStream(seed: testSeed(91), purpose: .test)
      let (q, n, m) = (3, 2, 4)
      let w = Columns([q, n, m], &random)
      let field = Columns([1, q, n], &random)
      var par = Columns([2, m], &random)
      par[1, 0] = -2.5  // The package uses |γ|.
      try temporaryDirectory { folder in
        let path = folder.appendingPathComponent("julia.hdf5").path
        try write(path, weights: w, visible: field, "Potts", hidden: par, "Gaussian")
        let machine = try ModelFile.load(path)
        #expect(machine.visible.kind == .potts(colours: q) && machine.visible.count == n)
        #expect(machine.hidden.kind == .gaussian && machine.hidden.count == m)
        #expect(machine.shape == nil)
        for _ in 0..<20 {
          let colours = (0..<n).map { _ in Int(3 * random.uniform()) }
          let h = (0..<m).map { _ in random.normal() }
          var energy = 0.0
          for (site, colour) in colours.enumerated() {
            energy -= field[0, colour, site]
            for unit in 0..<m { energy -= w[colour, site, unit] * h[unit] }
          }
          for unit in 0..<m {
            energy += abs(par[1, unit]) * h[unit] * h[unit] / 2 - par[0, unit] * h[unit]
          }
          let v = colours.flatMap { colour in (0..<q).map { $0 == colour ? 1.0 : 0 } }
          #expect(
            isClose(machine.energy(visible: v, hidden: h), energy, relative: 1e-6, absolute: 1e-5))
        }
      }
    }

    /// Spin visible units on a grid and Binary hidden units on another.
    @Test func gridsOfUnits() throws {
      var random = RandomStream(seed: testSeed(92), purpose: .test)
      let w = Columns([2, 3, 2, 2], &random)
      let field = Columns([1, 2, 3], &random)
      let bias = Columns([1, 2, 2], &random)
      try temporaryDirectory { folder in
        let path = folder.appendingPathComponent("julia.h5").path
        try write(path, weights: w, visible: field, "Spin", hidden: bias, "Binary")
        let machine = try ModelFile.load(path)
        #expect(machine.visible.kind == .spin && machine.visible.count == 6)
        #expect(machine.hidden.kind == .bernoulli && machine.hidden.count == 4)
        #expect(machine.shape == [3, 2])
        let s = (0..<6).map { _ in random.uniform() < 0.5 ? -1.0 : 1 }
        let h = (0..<4).map { _ in random.uniform() < 0.5 ? 0.0 : 1 }
        var energy = 0.0
        for (y, x) in (0..<3).flatMap({ y in (0..<2).map { (y, $0) } }) {
          energy -= field[0, x, y] * s[y * 2 + x]
          for j in 0..<4 { energy -= w[x, y, j % 2, j / 2] * s[y * 2 + x] * h[j] }
        }
        for j in 0..<4 { energy -= bias[0, j % 2, j / 2] * h[j] }
        #expect(
          isClose(machine.energy(visible: s, hidden: h), energy, relative: 1e-6, absolute: 1e-5))
      }
    }

    @Test func errors() throws {
      var random = RandomStream(seed: 93, purpose: .test)
      let w = Columns([3, 2], &random)
      let a = Columns([1, 3], &random)
      let b = Columns([1, 2], &random)
      var flat = Columns([2, 2], &random)
      flat[1, 1] = 0
      try temporaryDirectory { folder in
        let path = folder.appendingPathComponent("julia.h5").path
        func expect(_ part: String, _ make: () throws -> Void) throws {
          try make()
          let error = #expect(throws: SzilardError.self) { try ModelFile.load(path) }
          #expect(error?.kind == .badData)
          #expect(error?.message.contains(part) == true, "\(error?.message ?? "")")
        }
        try expect("'2.0.0'; '1.0.0' is read") {
          try write(path, weights: w, visible: a, "Binary", hidden: b, "Binary", version: "2.0.0")
        }
        try expect("uncenter") {
          try write(
            path, weights: w, visible: a, "Binary", hidden: b, "Binary", type: "CenteredRBM")
        }
        try expect("hidden_type is 'xReLU'") {
          try write(path, weights: w, visible: a, "Binary", hidden: b, "xReLU")
        }
        try expect("weights has the shape [2, 3]; expected [3, 2]") {
          try write(path, weights: w, visible: b, "Binary", hidden: a, "Binary")
        }
        try expect("visible_par has the shape [3, 1]; Gaussian units have the axes [units, 2]") {
          try write(path, weights: w, visible: a, "Gaussian", hidden: b, "Binary")
        }
        try expect("γ of hidden unit 1 is 0") {
          try write(path, weights: w, visible: a, "Binary", hidden: flat, "Gaussian")
        }
        try expect("hidden Potts units") {
          try write(path, weights: w, visible: a, "Binary", hidden: b, "Potts")
        }
      }
    }
  }
#endif
