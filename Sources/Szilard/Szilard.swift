@_exported public import BoltzmannMachines
@_exported public import DataSets
@_exported public import Learning
@_exported public import NumericalCore
@_exported public import Reporting
@_exported public import Reproductions
@_exported public import SpectralTheory
@_exported public import StochasticThermodynamics
