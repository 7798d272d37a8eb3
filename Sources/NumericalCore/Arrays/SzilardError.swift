/// What the outside world got wrong: a file, an option, a device.
///
/// The command maps ``kind`` to its exit code.
/// The message names the file and the line or the option, says what was expected and what to do.
public struct SzilardError: Error, CustomStringConvertible, Equatable {
  /// The class of the error; its raw value is the exit code of the command (sysexits).
  public enum Kind: Int32, Sendable {
    /// The request does not make sense (64).
    case usage = 64
    /// The content of a file is not what it should be (65).
    case badData = 65
    /// A file cannot be opened or written (66).
    case cannotOpen = 66
    /// A defect of this program (70).
    case internalFault = 70
  }

  /// The class of the error.
  public let kind: Kind
  /// One message for a person.
  public let message: String

  /// An error of the given class.
  public init(_ kind: Kind, _ message: String) {
    self.kind = kind
    self.message = message
  }

  /// The message.
  public var description: String { message }
}
