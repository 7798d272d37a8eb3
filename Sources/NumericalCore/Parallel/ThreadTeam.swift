internal import CSzilardKernels
internal import Dispatch
internal import Foundation
internal import Synchronization

/// Threads that stay and wait for the next piece of parallel work.
///
/// An update of a small machine forks and joins ten times in ten milliseconds; waking sleeping
/// threads took about a tenth of that. So idle threads watch for work for some hundred microseconds
/// before they go to sleep. One caller at a time has the team; another one that comes meanwhile (tests
/// run side by side) is served by Dispatch.
final class ThreadTeam: Sendable {
  private static let shared = ThreadTeam()
  private static let owner = Atomic<Bool>(false)

  /// Runs `work(0) … work(parts − 1)` at the same time and returns when all are done.
  static func run(_ parts: Int, _ work: @escaping (Int) -> Void) {
    guard owner.compareExchange(expected: false, desired: true, ordering: .acquiring).exchanged
    else {
      let work = UncheckedSendable(work)
      DispatchQueue.concurrentPerform(iterations: parts) { work.value($0) }
      return
    }
    shared.run(parts, work)
    owner.store(false, ordering: .releasing)
  }

  /// A member of the team.
  ///
  /// Tickets count the pieces of work it was given.
  private final class Member: Sendable {
    let ticket = Atomic<Int>(0)
    let isAsleep = Atomic<Bool>(false)
    let bell = DispatchSemaphore(value: 0)
    let work = Mutex<UncheckedSendable<() -> Void>?>(nil)

    /// Does the piece of work and lets go of it: when the caller hears that it is done, nobody may hold
    /// its closure any more.
    @inline(never)
    func perform() {
      let piece = work.withLock { work in
        defer { work = nil }
        return work
      }
      piece?.value()
    }
  }

  private let members = Mutex<[Member]>([])
  private let pending = Atomic<Int>(0)

  private static let watches = 20_000

  private func run(_ parts: Int, _ work: @escaping (Int) -> Void) {
    let crew = members.withLock { members in
      while members.count < parts - 1 { members.append(hire()) }
      return Array(members.prefix(parts - 1))
    }
    pending.store(parts - 1, ordering: .relaxed)
    for (index, member) in crew.enumerated() {
      let piece = UncheckedSendable { work(index + 1) }
      member.work.withLock { $0 = piece }
      member.ticket.wrappingAdd(1, ordering: .sequentiallyConsistent)
      if member.isAsleep.exchange(false, ordering: .sequentiallyConsistent) { member.bell.signal() }
    }
    work(0)
    var count = 0
    while pending.load(ordering: .acquiring) > 0 {
      count += 1
      if count < ThreadTeam.watches { szk_pause() } else { sched_yield() }
    }
  }

  private func hire() -> Member {
    let member = Member()
    let thread = Thread { [self] in
      var done = 0
      while true {
        ThreadTeam.wait(member, past: done)
        done += 1
        member.perform()
        pending.wrappingSubtract(1, ordering: .releasing)
      }
    }
    thread.stackSize = 4 << 20
    thread.start()
    return member
  }

  /// Watches for the ticket after `done`, then sleeps until the bell.
  private static func wait(_ member: Member, past done: Int) {
    for _ in 0..<watches {
      if member.ticket.load(ordering: .acquiring) > done { return }
      szk_pause()
    }
    while true {
      member.isAsleep.store(true, ordering: .sequentiallyConsistent)
      if member.ticket.load(ordering: .sequentiallyConsistent) > done {
        // Work came meanwhile; if the giver saw the sleeper, its bell has to be taken.
        if !member.isAsleep.exchange(false, ordering: .sequentiallyConsistent) {
          member.bell.wait()
        }
        return
      }
      member.bell.wait()
      if member.ticket.load(ordering: .acquiring) > done { return }
    }
  }
}
