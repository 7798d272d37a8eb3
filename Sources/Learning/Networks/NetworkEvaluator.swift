public import NumericalCore
internal import Synchronization

/// A network on all cores.
///
/// A batch is cut in pieces of ``ConditionedNetwork/samplesPerPiece`` samples, pieces go to at most sixteen
/// sums in turn, and the sums are added in their order; so values and gradients are the same bits for any
/// number of threads.
public struct NetworkEvaluator: Sendable {
  /// The network.
  public let network: any ConditionedNetwork
  /// The threads.
  public let workers: Workers
  private let memory = Memory()
  private static let mostSums = 16

  /// A network on the given threads.
  public init(_ network: any ConditionedNetwork, workers: Workers) {
    self.network = network
    self.workers = workers
  }

  /// Pools of buffers of which each thread borrows one for a piece of work.
  private final class Memory: Sendable {
    private let pools = Mutex<[UncheckedSendable<BufferPool>]>([])

    func withPool<Result>(_ body: (BufferPool) -> Result) -> Result {
      let pool = pools.withLock { $0.popLast() } ?? UncheckedSendable(BufferPool())
      defer { pools.withLock { $0.append(pool) } }
      return body(pool.value)
    }
  }

  /// The outputs of the rows of a matrix.
  ///
  /// - Throws: ``SzilardError`` when shapes do not fit the network.
  public func outputs(
    of inputs: Matrix<Float>, conditions: [NetworkCondition], parameters: NetworkParameters
  ) throws -> Matrix<Float> {
    try check(inputs, conditions)
    var result = Matrix<Float>(rows: inputs.rows, columns: network.outputSize)
    let stride = result.stride
    result.withUnsafeMutablePointer { result in
      let result = UncheckedSendable(result)
      forEachPiece(inputs.rows) { range, _, pool in
        let tape = Tape(isRecording: false, pool: pool)
        let nodes = NetworkEvaluator.nodes(of: parameters, gradients: nil)
        let x = NetworkEvaluator.input(inputs, range, needsGradient: false, on: tape)
        let y = network.apply(to: x, conditions: conditions[range], parameters: nodes, on: tape)
        precondition(y.count == range.count * network.outputSize, "outputs of another size")
        NetworkEvaluator.copy(
          y.value, rows: range.count, columns: network.outputSize,
          to: result.value + range.lowerBound * stride, stride: stride)
      }
    }
    return result
  }

  /// The sum over samples of a loss, with its gradient.
  ///
  /// - Parameter loss: Gets a range of samples and the outputs of these rows, writes ∂loss/∂output and
  ///   returns the sum of the losses of the range. It is called from several threads.
  /// - Throws: ``SzilardError`` when shapes do not fit the network.
  public func gradient(
    of inputs: Matrix<Float>, conditions: [NetworkCondition], parameters: NetworkParameters,
    loss: @Sendable (Range<Int>, Matrix<Float>, inout Matrix<Float>) -> Double
  ) throws -> (loss: Double, gradient: [Matrix<Float>]) {
    try check(inputs, conditions)
    let sizes = parameters.tensors.map { $0.rows * $0.stride }
    let size = sizes.reduce(0, +)
    let pieces = pieceCount(inputs.rows)
    let sums = Swift.min(NetworkEvaluator.mostSums, pieces)
    // The first sum is taken where the result will be.
    var gradient = parameters.tensors.map { Matrix<Float>(rows: $0.rows, columns: $0.columns) }
    let results = UncheckedSendable(
      gradient.indices.map { index in gradient[index].withUnsafeMutablePointer { $0 } })
    let value = memory.withPool { shared in
      let count = Swift.max(1, (sums - 1) * size)
      let room = UncheckedSendable(shared.take(count))
      defer { shared.give(room.value, count) }
      // The tensors of a sum.
      @Sendable func places(_ sum: Int) -> [UnsafeMutablePointer<Float>] {
        guard sum > 0 else { return results.value }
        var next = room.value + (sum - 1) * size
        return sizes.map { size in
          defer { next += size }
          return next
        }
      }
      var losses = [Double](repeating: 0, count: pieces)
      losses.withUnsafeMutableBufferPointer { losses in
        let losses = UncheckedSendable(losses)
        workers.forEach(sums) { sum in
          memory.withPool { pool in
            let places = places(sum)
            if sum > 0 { places.first?.update(repeating: 0, count: size) }
            let nodes = NetworkEvaluator.nodes(of: parameters, gradients: places)
            for piece in Swift.stride(from: sum, to: pieces, by: sums) {
              let range = self.piece(piece, of: inputs.rows)
              let tape = Tape(isRecording: true, pool: pool)
              let x = NetworkEvaluator.input(inputs, range, needsGradient: false, on: tape)
              losses.value[piece] = goThrough(
                tape, x, conditions[range], nodes, range, loss: loss)
            }
          }
        }
      }
      let kernels = Kernels.current
      for (index, size) in sizes.enumerated() where sums > 1 {
        let parts = UncheckedSendable((0..<sums).map { places($0)[index] })
        workers.forEachRange(of: size, grain: 1 << 16) { range, _ in
          for part in parts.value.dropFirst() {
            kernels.scale(
              part + range.lowerBound, count: range.count, accumulates: true,
              out: parts.value[0] + range.lowerBound)
          }
        }
      }
      return losses.reduce(0, +)
    }
    return (value, gradient)
  }

  /// The outputs, and the rows c_iᵀ ∂output_i/∂input_i.
  ///
  /// - Parameter outputGradients: The rows c_i.
  /// - Throws: ``SzilardError`` when shapes do not fit the network.
  public func inputGradients(
    of inputs: Matrix<Float>, conditions: [NetworkCondition], parameters: NetworkParameters,
    outputGradients: Matrix<Float>
  ) throws -> (outputs: Matrix<Float>, gradients: Matrix<Float>) {
    try check(inputs, conditions)
    guard
      outputGradients.rows == inputs.rows, outputGradients.columns == network.outputSize
    else {
      throw SzilardError(
        .badData,
        "gradients of \(outputGradients.rows) x \(outputGradients.columns) outputs for a batch of \(inputs.rows) x \(network.outputSize)"
      )
    }
    var outputs = Matrix<Float>(rows: inputs.rows, columns: network.outputSize)
    var gradients = Matrix<Float>(rows: inputs.rows, columns: network.inputSize)
    let (outputStride, gradientStride) = (outputs.stride, gradients.stride)
    outputs.withUnsafeMutablePointer { outputs in
      gradients.withUnsafeMutablePointer { gradients in
        let (outputs, gradients) = (UncheckedSendable(outputs), UncheckedSendable(gradients))
        forEachPiece(inputs.rows) { range, _, pool in
          let tape = Tape(isRecording: true, pool: pool)
          let nodes = NetworkEvaluator.nodes(of: parameters, gradients: nil)
          let x = NetworkEvaluator.input(inputs, range, needsGradient: true, on: tape)
          _ = goThrough(tape, x, conditions[range], nodes, range) { range, values, slopes in
            for row in range {
              slopes.setRow(row - range.lowerBound, to: outputGradients.row(row))
            }
            values.withUnsafePointer { values in
              (outputs.value + range.lowerBound * outputStride).update(
                from: values, count: range.count * outputStride)
            }
            return 0
          }
          let target = gradients.value + range.lowerBound * gradientStride
          guard let gradient = x.storage.gradient else { return }
          NetworkEvaluator.copy(
            gradient, rows: range.count, columns: network.inputSize, to: target,
            stride: gradientStride)
        }
      }
    }
    return (outputs, gradients)
  }

  /// Forwards and backwards through a piece; returns its loss.
  private func goThrough(
    _ tape: Tape, _ x: Tape.Node, _ conditions: ArraySlice<NetworkCondition>,
    _ nodes: [Tape.Node], _ range: Range<Int>,
    loss: (Range<Int>, Matrix<Float>, inout Matrix<Float>) -> Double
  ) -> Double {
    let columns = network.outputSize
    let y = network.apply(to: x, conditions: conditions, parameters: nodes, on: tape)
    precondition(y.count == range.count * columns, "outputs of another size")
    var values = Matrix<Float>(rows: range.count, columns: columns)
    var slopes = Matrix<Float>(rows: range.count, columns: columns)
    let stride = values.stride
    values.withUnsafeMutablePointer {
      NetworkEvaluator.copy(y.value, rows: range.count, columns: columns, to: $0, stride: stride)
    }
    let value = loss(range, values, &slopes)
    precondition(slopes.rows == range.count && slopes.columns == columns)
    tape.withWorkspace(y.count) { packed in
      slopes.withUnsafePointer { slopes in
        tape.kernels.copyRows(
          slopes, stride: stride, rows: range.count, columns: columns, out: packed,
          outStride: columns)
      }
      tape.goBack(from: y, gradient: packed)
    }
    return value
  }

  private func check(_ inputs: Matrix<Float>, _ conditions: [NetworkCondition]) throws {
    guard inputs.columns == network.inputSize else {
      throw SzilardError(
        .badData, "a network of \(network.inputSize) inputs was given \(inputs.columns) columns")
    }
    guard conditions.count == inputs.rows else {
      throw SzilardError(
        .badData, "\(conditions.count) conditions for a batch of \(inputs.rows) samples")
    }
  }

  private func pieceCount(_ rows: Int) -> Int {
    (rows + network.samplesPerPiece - 1) / network.samplesPerPiece
  }

  private func piece(_ index: Int, of rows: Int) -> Range<Int> {
    let size = network.samplesPerPiece
    return index * size..<Swift.min(rows, (index + 1) * size)
  }

  private func forEachPiece(_ rows: Int, _ body: (Range<Int>, Int, BufferPool) -> Void) {
    workers.forEach(pieceCount(rows)) { index in
      memory.withPool { body(piece(index, of: rows), index, $0) }
    }
  }

  /// The parameters as nodes; with room for gradients, where they are asked for.
  private static func nodes(
    of parameters: NetworkParameters, gradients: [UnsafeMutablePointer<Float>]?
  ) -> [Tape.Node] {
    parameters.tensors.enumerated().map { index, tensor in
      // The caller keeps the parameters for the whole of the pass.
      let value = tensor.withUnsafePointer { $0 }
      let storage = Tape.Storage(borrowing: value, gradient: gradients?[index])
      return Tape.Node(
        storage, samples: tensor.rows, channels: tensor.columns, stride: tensor.stride)
    }
  }

  private static func input(
    _ inputs: Matrix<Float>, _ range: Range<Int>, needsGradient: Bool, on tape: Tape
  ) -> Tape.Node {
    let columns = inputs.columns
    let storage = Tape.Storage(
      count: range.count * columns, needsGradient: needsGradient, pool: tape.pool)
    inputs.withUnsafePointer { source in
      tape.kernels.copyRows(
        source + range.lowerBound * inputs.stride, stride: inputs.stride, rows: range.count,
        columns: columns, out: storage.value, outStride: columns)
    }
    return Tape.Node(storage, samples: range.count, channels: columns)
  }

  private static func copy(
    _ packed: UnsafePointer<Float>, rows: Int, columns: Int, to target: UnsafeMutablePointer<Float>,
    stride: Int
  ) {
    Kernels.current.copyRows(
      packed, stride: columns, rows: rows, columns: columns, out: target, outStride: stride)
  }
}
