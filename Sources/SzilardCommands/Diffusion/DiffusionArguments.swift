public import ArgumentParser
public import DiffusionModels

extension DenoisingKernel.Variance: ExpressibleByArgument {
  /// The variances that a network has; the optimal one is known for analytic models only.
  public static var allValueStrings: [String] {
    allCases.filter { $0 != .optimal }.map(\.rawValue)
  }
}
extension DiffusionDescription.Kind: ExpressibleByArgument {}
extension DiffusionDescription.Noise: ExpressibleByArgument {}
extension ScheduleDescription.Name: ExpressibleByArgument {}
extension NetworkHead: ExpressibleByArgument {}
extension DiffusionLoss: ExpressibleByArgument {}
extension LastStep: ExpressibleByArgument {}

/// Refuses options that belong to other methods than the one in use.
func checkOptions<Method: RawRepresentable<String> & Equatable>(
  of method: Method, _ options: [(name: String, isGiven: Bool, methods: [Method])]
) throws {
  for (name, isGiven, methods) in options where isGiven && !methods.contains(method) {
    throw ValidationError(
      "\(name) belongs to --method \(methods.map(\.rawValue).joined(separator: ", "))")
  }
}
