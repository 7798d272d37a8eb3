internal import SzilardCommands

/// The process: parse, run, exit.
@main
enum Main {
  static func main() { SzilardCommand.runAndExit() }
}
