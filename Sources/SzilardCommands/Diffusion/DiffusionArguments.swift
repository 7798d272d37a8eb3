public import ArgumentParser
public import DiffusionModels

extension DenoisingKernel.Variance: ExpressibleByArgument {}
extension DiffusionDescription.Kind: ExpressibleByArgument {}
extension DiffusionDescription.Noise: ExpressibleByArgument {}
extension ScheduleDescription.Name: ExpressibleByArgument {}
extension NetworkHead: ExpressibleByArgument {}
extension DiffusionLoss: ExpressibleByArgument {}
extension LastStep: ExpressibleByArgument {}
