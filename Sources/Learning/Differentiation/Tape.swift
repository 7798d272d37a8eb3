internal import Foundation
internal import NumericalCore

/// What a network did with a batch, in order, so that it can be gone through backwards.
///
/// Reverse-mode differentiation (Linnainmaa 1970; Griewank and Walther 2008): with ȳ = ∂L/∂y of the
/// output y = f(x) of an operation,
///
///     x̄ ← x̄ + (∂f/∂x)ᵀ ȳ,
///
/// for the operations in reverse order. A value is kept as long as a node or an operation that was
/// recorded holds it, and its memory then goes to the next value; so a pass without recording needs the
/// memory of its widest place only. A tape belongs to one thread. The sums of a row do not depend on the
/// other rows of the batch.
public final class Tape {
  /// A value of a pass: a row for each pixel of each sample, with its channels side by side.
  ///
  /// A table has one pixel a sample. Weights are nodes too, whose rows are `stride` numbers apart.
  public struct Node {
    let storage: Storage
    /// Samples of the batch.
    public let samples: Int
    /// Pixels from top to bottom; 1 in tables.
    public let height: Int
    /// Pixels from left to right; 1 in tables.
    public let width: Int
    /// Numbers of a pixel.
    public let channels: Int
    let stride: Int

    init(
      _ storage: Storage, samples: Int, height: Int = 1, width: Int = 1, channels: Int,
      stride: Int? = nil
    ) {
      self.storage = storage
      self.samples = samples
      self.height = height
      self.width = width
      self.channels = channels
      self.stride = stride ?? channels
    }

    /// Pixels of all samples.
    public var rows: Int { samples * height * width }
    /// Numbers of all pixels.
    public var count: Int { rows * channels }

    var value: UnsafeMutablePointer<Float> { storage.value }
    var needsGradient: Bool { storage.needsGradient }
    var images: Kernels.Images {
      Kernels.Images(samples: samples, height: height, width: width, channels: channels)
    }
  }

  /// The memory of a value and of its gradient, given back when nobody needs them any more.
  final class Storage {
    let value: UnsafeMutablePointer<Float>
    let needsGradient: Bool
    private(set) var gradient: UnsafeMutablePointer<Float>?
    private let count: Int
    private let pool: BufferPool?

    /// A value of a pass.
    init(count: Int, needsGradient: Bool, pool: BufferPool) {
      value = pool.take(count)
      self.count = count
      self.needsGradient = needsGradient
      self.pool = pool
    }

    /// Memory of somebody else, who keeps it alive, with room for the gradient where one is wanted.
    init(borrowing value: UnsafePointer<Float>, gradient: UnsafeMutablePointer<Float>?) {
      self.value = UnsafeMutablePointer(mutating: value)
      self.gradient = gradient
      needsGradient = gradient != nil
      count = 0
      pool = nil
    }

    deinit {
      guard let pool else { return }
      pool.give(value, count)
      if let gradient { pool.give(gradient, count) }
    }

    /// Room for the gradient, and whether there is one already to which has to be added.
    func gradientSink() -> (pointer: UnsafeMutablePointer<Float>, accumulates: Bool) {
      if let gradient { return (gradient, true) }
      guard let pool else { preconditionFailure("borrowed memory without room for a gradient") }
      let room = pool.take(count)
      gradient = room
      return (room, false)
    }
  }

  let kernels: Kernels
  let pool: BufferPool
  /// Whether operations are recorded, to be gone through backwards.
  public let isRecording: Bool
  private var operations: [(Tape) -> Void] = []

  init(isRecording: Bool, pool: BufferPool, kernels: Kernels = .current) {
    self.isRecording = isRecording
    self.pool = pool
    self.kernels = kernels
  }

  /// A node for the result of an operation on the given ones.
  func node(
    samples: Int, height: Int = 1, width: Int = 1, channels: Int, of inputs: Node?...
  ) -> Node {
    let needsGradient = isRecording && inputs.contains { $0?.needsGradient ?? false }
    return Node(
      Storage(
        count: samples * height * width * channels, needsGradient: needsGradient, pool: pool),
      samples: samples, height: height, width: width, channels: channels)
  }

  /// Keeps the way back from `output`; `body` gets the gradient with respect to it.
  ///
  /// Nothing is kept where no input needs a gradient.
  func record(_ output: Node, _ body: @escaping (Tape, UnsafeMutablePointer<Float>) -> Void) {
    guard output.needsGradient else { return }
    let storage = output.storage
    operations.append { tape in
      // An output that nothing was made of has no gradient.
      guard let gradient = storage.gradient else { return }
      body(tape, gradient)
    }
  }

  /// Goes through the operations backwards, from the gradient with respect to one node.
  func goBack(from output: Node, gradient: UnsafePointer<Float>) {
    guard output.needsGradient else { return operations.removeAll() }
    let sink = output.storage.gradientSink()
    kernels.scale(gradient, count: output.count, accumulates: sink.accumulates, out: sink.pointer)
    while let operation = operations.popLast() { operation(self) }
  }

  /// Lends room for numbers of an operation's own.
  func withWorkspace(_ count: Int, _ body: (UnsafeMutablePointer<Float>) -> Void) {
    let buffer = pool.take(count)
    body(buffer)
    pool.give(buffer, count)
  }

  /// A value that does not depend on any other, such as the features of a condition.
  public func constant(
    samples: Int, channels: Int, _ fill: (UnsafeMutableBufferPointer<Float>) -> Void
  ) -> Node {
    let output = node(samples: samples, channels: channels)
    fill(UnsafeMutableBufferPointer(start: output.value, count: output.count))
    return output
  }

  /// The same numbers as images: channels of a pixel side by side, pixels row by row.
  ///
  /// - Precondition: A sample of `x` has height × width × channels numbers, for whole channels.
  public func reshaped(_ x: Node, height: Int, width: Int) -> Node {
    let numbers = x.height * x.width * x.channels
    precondition(numbers % (height * width) == 0, "\(numbers) numbers as \(height) x \(width)")
    precondition(x.stride == x.channels, "weights have no other shape")
    return Node(
      x.storage, samples: x.samples, height: height, width: width,
      channels: numbers / (height * width))
  }
}
