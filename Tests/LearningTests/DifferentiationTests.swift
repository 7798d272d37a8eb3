import Foundation
import NumericalCore
import TestSupport
import Testing

@testable import Learning

/// The operations of a tape: values against their equations, gradients against differences.
@Suite struct DifferentiationTests {
  /// What an operation is made of: images, or a matrix of weights.
  private enum Argument {
    case images(samples: Int, height: Int, width: Int, channels: Int)
    case weights(rows: Int, columns: Int)

    var count: Int {
      switch self {
      case .images(let samples, let height, let width, let channels):
        samples * height * width * channels
      case .weights(let rows, let columns): rows * columns
      }
    }
  }

  private typealias Operation = (Tape, [Tape.Node]) -> Tape.Node

  private static func numbers(_ count: Int, _ index: Int) -> [Float] {
    var stream = RandomStream(seed: 910, purpose: .test, index: UInt64(index))
    return (0..<count).map { _ in Float(stream.normal()) }
  }

  private static func table(_ samples: Int, _ channels: Int) -> Argument {
    .images(samples: samples, height: 1, width: 1, channels: channels)
  }

  /// Memory of the arguments of one call, as nodes.
  private final class Call {
    let tape: Tape
    var nodes: [Tape.Node] = []
    private var matrices: [Matrix<Float>] = []
    private var gradients: [Matrix<Float>] = []

    init(_ arguments: [Argument], _ values: [[Float]], isRecording: Bool) {
      tape = Tape(isRecording: isRecording, pool: BufferPool())
      for (argument, values) in zip(arguments, values) {
        switch argument {
        case .images(let samples, let height, let width, let channels):
          let storage = Tape.Storage(
            count: values.count, needsGradient: isRecording, pool: tape.pool)
          for (k, value) in values.enumerated() { storage.value[k] = value }
          nodes.append(
            Tape.Node(storage, samples: samples, height: height, width: width, channels: channels))
        case .weights(let rows, let columns):
          matrices.append(Matrix(rows: rows, columns: columns, elements: values))
          gradients.append(Matrix(rows: rows, columns: columns))
          let storage = Tape.Storage(
            borrowing: matrices[matrices.count - 1].withUnsafePointer { $0 },
            gradient: isRecording
              ? gradients[gradients.count - 1].withUnsafeMutablePointer { $0 } : nil)
          nodes.append(
            Tape.Node(
              storage, samples: rows, channels: columns,
              stride: matrices[matrices.count - 1].stride))
        }
      }
    }

    func gradient(_ index: Int) -> [Double] {
      let node = nodes[index]
      guard let gradient = node.storage.gradient else {
        return [Double](repeating: 0, count: node.count)
      }
      return (0..<node.rows).flatMap { row in
        (0..<node.channels).map { Double(gradient[row * node.stride + $0]) }
      }
    }
  }

  private static func values(
    _ arguments: [Argument], _ values: [[Float]], _ operation: Operation
  ) -> [Float] {
    let call = Call(arguments, values, isRecording: false)
    let output = operation(call.tape, call.nodes)
    return Array(UnsafeBufferPointer(start: output.value, count: output.count))
  }

  /// Compares the gradient of Σ c y with differences, for every number of every argument.
  ///
  /// Differences of floats at 4 and at 2 steps, extrapolated: an error of about 10⁻⁴ of the gradient.
  private static func expectGradients(
    _ arguments: [Argument], scale: Float = 1, sourceLocation: SourceLocation = #_sourceLocation,
    _ operation: Operation
  ) {
    var inputs = arguments.enumerated().map { numbers($1.count, $0).map { scale * $0 } }
    let call = Call(arguments, inputs, isRecording: true)
    let output = operation(call.tape, call.nodes)
    let weights = numbers(output.count, 77)
    weights.withUnsafeBufferPointer {
      guard let first = $0.baseAddress else { return }
      call.tape.goBack(from: output, gradient: first)
    }
    func sum() -> Double {
      zip(values(arguments, inputs, operation), weights).reduce(0) {
        $0 + Double($1.0) * Double($1.1)
      }
    }
    let step: Float = 1 / 32
    for index in arguments.indices {
      let gradient = call.gradient(index)
      let size = (gradient.reduce(0) { $0 + $1 * $1 } / Double(gradient.count)).squareRoot()
      for k in gradient.indices {
        func difference(_ h: Float) -> Double {
          let old = inputs[index][k]
          defer { inputs[index][k] = old }
          inputs[index][k] = old + h
          let high = sum()
          inputs[index][k] = old - h
          return (high - sum()) / (2 * Double(h))
        }
        let slope = (4 * difference(step) - difference(2 * step)) / 3
        #expect(
          abs(gradient[k] - slope) <= 2e-3 * (size + abs(slope)) + 2e-4,
          "argument \(index), number \(k)", sourceLocation: sourceLocation)
      }
    }
  }

  @Test func affineMaps() {
    for (rows, inputs, outputs) in [(1, 1, 1), (5, 7, 3), (13, 16, 33), (27, 5, 48)] {
      let arguments: [Argument] = [
        Self.table(rows, inputs), .weights(rows: inputs, columns: outputs),
        .weights(rows: 1, columns: outputs),
      ]
      Self.expectGradients(arguments) { $0.affine($1[0], weights: $1[1], bias: $1[2]) }
      let parts = arguments.enumerated().map { Self.numbers($1.count, $0) }
      let y = Self.values(arguments, parts) { $0.affine($1[0], weights: $1[1], bias: $1[2]) }
      for row in 0..<rows {
        for c in 0..<outputs {
          let exact = (0..<inputs).reduce(Double(parts[2][c])) {
            $0 + Double(parts[0][row * inputs + $1]) * Double(parts[1][$1 * outputs + c])
          }
          #expect(abs(Double(y[row * outputs + c]) - exact) <= 2e-5)
        }
      }
    }
  }

  @Test func convolutions() {
    for (samples, height, width, inputs, outputs) in [
      (2, 3, 4, 1, 3), (1, 5, 13, 3, 17), (2, 2, 1, 5, 2), (1, 4, 3, 18, 33),
    ] {
      let arguments: [Argument] = [
        .images(samples: samples, height: height, width: width, channels: inputs),
        .weights(rows: 9 * inputs, columns: outputs), .weights(rows: 1, columns: outputs),
      ]
      Self.expectGradients(arguments, scale: 0.5) {
        $0.convolution($1[0], weights: $1[1], bias: $1[2])
      }
      let parts = arguments.enumerated().map { Self.numbers($1.count, $0) }
      let result = Self.values(arguments, parts) {
        $0.convolution($1[0], weights: $1[1], bias: $1[2])
      }
      for place in result.indices {
        let (c, pixel) = (place % outputs, place / outputs)
        let (x, y, sample) = (pixel % width, pixel / width % height, pixel / width / height)
        var exact = Double(parts[2][c])
        for i in 0..<3 {
          for j in 0..<3 {
            let (v, u) = (y + i - 1, x + j - 1)
            guard (0..<height).contains(v), (0..<width).contains(u) else { continue }
            for k in 0..<inputs {
              exact +=
                Double(parts[0][((sample * height + v) * width + u) * inputs + k])
                * Double(parts[1][((3 * i + j) * inputs + k) * outputs + c])
            }
          }
        }
        #expect(abs(Double(result[place]) - exact) <= 1e-4)
      }
    }
  }

  @Test(arguments: Nonlinearity.allCases) func nonlinearities(_ function: Nonlinearity) {
    // The leaky rectifier has a corner at 0, which differences must not see.
    let scale: Float = function == .leakyRectifier ? 300 : 1
    Self.expectGradients([Self.table(3, 19)], scale: scale) { $0.apply(function, to: $1[0]) }
    let x = Self.numbers(57, 0)
    for (x, y) in zip(x, Self.values([Self.table(3, 19)], [x]) { $0.apply(function, to: $1[0]) }) {
      let x = Double(x)
      let exact: Double =
        switch function {
        case .tanh: tanh(x)
        case .sigmoid: 1 / (1 + exp(-x))
        case .softplus: log1p(exp(x))
        case .silu: x / (1 + exp(-x))
        case .leakyRectifier: max(x, 0.05 * x)
        }
      #expect(abs(Double(y) - exact) <= 1e-6 * max(1, abs(exact)))
    }
  }

  @Test(arguments: [false, true]) func normalisation(_ silu: Bool) {
    for (samples, side, channels, groups) in [
      (3, 1, 20, 1), (2, 3, 6, 3), (2, 2, 32, 1), (1, 2, 48, 3),
    ] {
      let images = Argument.images(samples: samples, height: side, width: side, channels: channels)
      Self.expectGradients([images]) { $0.normalised($1[0], groups: groups, silu: silu) }
      // One row of scales and shifts for all samples, then a row for each.
      Self.expectGradients([images, .weights(rows: 1, columns: 2 * channels)]) {
        $0.normalised($1[0], groups: groups, modulation: $1[1], silu: silu)
      }
      let modulation = Self.table(samples, 2 * channels)
      Self.expectGradients([images, modulation]) {
        $0.normalised($1[0], groups: groups, modulation: $1[1], silu: silu)
      }
      let parts = [Self.numbers(images.count, 0), Self.numbers(modulation.count, 1)]
      let y = Self.values([images, modulation], parts) {
        $0.normalised($1[0], groups: groups, modulation: $1[1], silu: silu)
      }
      let (pixels, size) = (side * side, channels / groups)
      for sample in 0..<samples {
        for group in 0..<groups {
          let places = (0..<pixels).flatMap { pixel in
            (0..<size).map { (sample * pixels + pixel) * channels + group * size + $0 }
          }
          let x = places.map { Double(parts[0][$0]) }
          let mean = x.reduce(0, +) / Double(x.count)
          let variance = x.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(x.count)
          for (place, x) in zip(places, x) {
            let row = sample * 2 * channels + place % channels
            let v =
              (1 + Double(parts[1][row])) * (x - mean) / (variance + 1e-5).squareRoot()
              + Double(parts[1][row + channels])
            #expect(abs(Double(y[place]) - (silu ? v / (1 + exp(-v)) : v)) <= 2e-5)
          }
        }
      }
    }
  }

  @Test func poolingAndUpsampling() {
    for channels in [1, 17] {
      let images = Argument.images(samples: 2, height: 4, width: 6, channels: channels)
      Self.expectGradients([images]) { tape, x in tape.meanPooled(x[0]) }
      Self.expectGradients([images]) { tape, x in tape.upsampled(x[0]) }
      let x = Self.numbers(images.count, 0)
      let pooled = Self.values([images], [x]) { $0.meanPooled($1[0]) }
      let wide = Self.values([images], [x]) { $0.upsampled($1[0]) }
      func place(_ s: Int, _ y: Int, _ x: Int, _ h: Int, _ w: Int) -> Int {
        ((s * h + y) * w + x) * channels
      }
      for (s, v, u) in (0..<2).flatMap({ s in
        (0..<4).flatMap { v in (0..<6).map { (s, v, $0) } }
      }) {
        for c in 0..<channels {
          #expect(
            wide[place(s, 2 * v + 1, 2 * u, 8, 12) + c] == x[place(s, v, u, 4, 6) + c])
          guard v % 2 == 0, u % 2 == 0 else { continue }
          let four = [(0, 0), (0, 1), (1, 0), (1, 1)].map {
            x[place(s, v + $0.0, u + $0.1, 4, 6) + c]
          }
          let mean = four.reduce(0, +) / 4
          #expect(abs(pooled[place(s, v / 2, u / 2, 2, 3) + c] - mean) <= 1e-6)
        }
      }
    }
  }

  @Test func rearrangements() {
    let images = Argument.images(samples: 2, height: 3, width: 2, channels: 4)
    Self.expectGradients([images, images]) { $0.sum($1[0], $1[1], times: -0.7) }
    // One argument twice: gradients add up.
    Self.expectGradients([images]) { $0.sum($1[0], $0.apply(.tanh, to: $1[0])) }
    Self.expectGradients([images, .images(samples: 2, height: 3, width: 2, channels: 3)]) {
      $0.concatenated($1[0], $1[1])
    }
    Self.expectGradients([images]) { $0.resized($1[0], height: 4, width: 3) }
    Self.expectGradients([images]) { $0.resized($1[0], height: 2, width: 1) }
    Self.expectGradients([images]) { $0.separated($1[0], parts: 2) }
    Self.expectGradients([images]) { $0.apply(.tanh, to: $0.reshaped($1[0], height: 2, width: 4)) }
    let x = Self.numbers(images.count, 0)
    #expect(
      Self.values([images], [x]) {
        $0.resized($0.resized($1[0], height: 5, width: 7), height: 3, width: 2)
      } == x)
    let parts = Self.values([images], [x]) { $0.separated($1[0], parts: 2) }
    #expect(parts[0...1] == x[0...1] && parts[2...3] == x[4...5] && parts[12...13] == x[2...3])
  }

  @Test func radialBases() {
    for units in [1, 7, 16, 21] {
      let arguments: [Argument] = [
        Self.table(4, 3), .weights(rows: 3, columns: units), .weights(rows: 1, columns: units),
      ]
      let operation: Operation = { $0.radialBasis($1[0], centres: $1[1], logWidths: $1[2]) }
      Self.expectGradients(arguments, scale: 0.7, operation)
      let parts = arguments.enumerated().map { Self.numbers($1.count, $0) }
      let h = Self.values(arguments, parts, operation)
      for row in 0..<4 {
        let weights = (0..<units).map { k in
          let distance = (0..<3).reduce(0.0) {
            let d = Double(parts[0][3 * row + $1]) - Double(parts[1][$1 * units + k])
            return $0 + d * d
          }
          return exp(-distance / (2 * exp(2 * Double(parts[2][k]))))
        }
        let total = weights.reduce(0, +)
        for k in 0..<units {
          #expect(abs(Double(h[row * units + k]) - weights[k] / total) <= 2e-6)
        }
      }
    }
  }

  @Test func readoutsOfSteps() {
    for steps in [[2, 0, 2, 1, 0], [1, 1, 1, 1, 1]] {
      let arguments: [Argument] = [
        Self.table(5, 6), .weights(rows: 3 * 6, columns: 4), .weights(rows: 3, columns: 4),
      ]
      let operation: Operation = {
        $0.readout($1[0], weights: $1[1], biases: $1[2], steps: steps)
      }
      Self.expectGradients(arguments, operation)
      let parts = arguments.enumerated().map { Self.numbers($1.count, $0) }
      let y = Self.values(arguments, parts, operation)
      for (row, step) in steps.enumerated() {
        for c in 0..<4 {
          let exact = (0..<6).reduce(Double(parts[2][4 * step + c])) {
            $0 + Double(parts[0][6 * row + $1]) * Double(parts[1][(6 * step + $1) * 4 + c])
          }
          #expect(abs(Double(y[4 * row + c]) - exact) <= 1e-5)
        }
      }
    }
  }

  @Test func temporalBumps() {
    let conditions = [1, 5, 20].map { NetworkCondition(step: $0) }
    let operation: Operation = {
      $0.contracted($1[0], with: $0.temporalBumps(of: conditions[...], count: 4, steps: 20))
    }
    let images = Argument.images(samples: 3, height: 2, width: 1, channels: 8)
    Self.expectGradients([images], operation)
    // Bumps sum to one.
    let ones = Self.values([images], [[Float](repeating: 1, count: images.count)], operation)
    #expect(ones.count == 12 && ones.allSatisfy { abs($0 - 1) <= 1e-6 })
  }

  @Test func wavesOfRatios() {
    let ratios = [-1000, -20, -3.7, 0, 0.4, 20, .infinity]
    let conditions = ratios.map { NetworkCondition(logSignalToNoise: $0) }
    let y = Self.values([], []) { tape, _ in tape.waves(of: conditions[...], count: 34) }
    for (row, ratio) in ratios.enumerated() {
      for k in 0..<17 {
        let angle = 2 * Double.pi * min(20, max(-20, ratio)) * pow(2, -6 + 5 * Double(k) / 16)
        #expect(abs(Double(y[34 * row + k]) - cos(angle)) <= 1e-5)
        #expect(abs(Double(y[34 * row + 17 + k]) - sin(angle)) <= 1e-5)
      }
    }
  }
}
