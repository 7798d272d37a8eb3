internal import Foundation
internal import Synchronization

/// Ctrl-C and the polite kill: the first asks the command to stop where it can go on later, the
/// second ends it at once.
enum Interruption {
  fileprivate static let flag = Atomic<Bool>(false)

  /// Whether the user wants to stop.
  static var wanted: Bool { flag.load(ordering: .relaxed) }

  /// Begins to listen.
  static func watch() {
    // A parent may have left them blocked.
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, SIGINT)
    sigaddset(&signals, SIGTERM)
    pthread_sigmask(SIG_UNBLOCK, &signals, nil)
    for name in [SIGINT, SIGTERM] {
      signal(name) { number in
        if Interruption.flag.exchange(true, ordering: .relaxed) {
          signal(number, SIG_DFL)
          raise(number)
        }
      }
    }
  }
}
