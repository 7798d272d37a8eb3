/// One result of a paper, with what it takes to see it again.
public struct Reproduction: Sendable {
  /// The name on the command line, such as `bm-r1`.
  public let id: String
  /// What is shown, in a few words.
  public let title: String
  /// The paper.
  public let paper: String
  /// The figure, table or claim.
  public let claim: String
  /// What is run.
  public let settings: String
  /// When it counts as reproduced.
  public let criterion: String
  /// Runs it.
  public let run: @Sendable (ReproductionContext) throws -> ReproductionOutcome

  /// An entry of the registry.
  public init(
    id: String, title: String, paper: String, claim: String, settings: String, criterion: String,
    run: @escaping @Sendable (ReproductionContext) throws -> ReproductionOutcome
  ) {
    self.id = id
    self.title = title
    self.paper = paper
    self.claim = claim
    self.settings = settings
    self.criterion = criterion
    self.run = run
  }
}
