// swift-tools-version: 6.1
// Szilard: nonequilibrium thermodynamics of learning machines.
//
// The manifest is the architecture diagram. Targets stand in the order of the layers; a target
// imports lower layers only, and targets of layer 3 never import one another
// (Documentation/Architecture.md; checked by Scripts/check-layers.py).

import PackageDescription

let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

/// The HDF5 library can be left out (`traits: []`); reading and writing `.h5` then throws.
let hdf5: Set<String> = ["HDF5"]

let package = Package(
  name: "szilard",
  platforms: [.macOS(.v15)],
  products: [
    .library(name: "Szilard", targets: ["Szilard"]),
    .executable(name: "szilard", targets: ["SzilardExecutable"]),
  ],
  traits: [
    .trait(name: "HDF5", description: "Read and write HDF5 data and `rbms` models (libhdf5)."),
    .default(enabledTraits: hdf5),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
    .package(url: "https://github.com/swiftlang/swift-docc-plugin", from: "1.4.0"),
  ],
  targets: [
    // L0: C kernels with run-time dispatch (the only place with intrinsics), and system libraries.
    .target(name: "CSzilardKernels", cSettings: [.define("_GNU_SOURCE")]),
    .systemLibrary(
      name: "COpenBLAS", pkgConfig: "openblas",
      providers: [.apt(["libopenblas-dev"]), .brew(["openblas"])]),
    .systemLibrary(
      name: "CHDF5", pkgConfig: "hdf5", providers: [.apt(["libhdf5-dev"]), .brew(["hdf5"])]),
    .systemLibrary(
      name: "CZip", pkgConfig: "libzip", providers: [.apt(["libzip-dev"]), .brew(["libzip"])]),
    .systemLibrary(
      name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"]), .brew(["zlib"])]),

    // L1: arrays, bits, linear algebra, random streams, statistics, parallel blocks.
    .target(
      name: "NumericalCore", dependencies: ["CSzilardKernels", "COpenBLAS"], swiftSettings: strict),

    // L2: optimisers and schedules; data in, data out; above them work, heat and the estimates made of
    // them, which read and write tables of works.
    .target(name: "Learning", dependencies: ["NumericalCore"], swiftSettings: strict),
    .target(
      name: "DataSets",
      dependencies: [
        "NumericalCore", "CZip", "CZlib", .target(name: "CHDF5", condition: .when(traits: hdf5)),
      ], swiftSettings: strict),
    .target(
      name: "StochasticThermodynamics", dependencies: ["NumericalCore", "Learning", "DataSets"],
      swiftSettings: strict),

    // Matrices and order parameters: what can be said of a machine from its couplings alone.
    .target(name: "SpectralTheory", dependencies: ["NumericalCore"], swiftSettings: strict),

    // L3: the models.
    .target(
      name: "BoltzmannMachines",
      dependencies: [
        "NumericalCore", "StochasticThermodynamics", "SpectralTheory", "Learning", "DataSets",
      ],
      swiftSettings: strict),
    .target(
      name: "StochasticGradients",
      dependencies: ["NumericalCore", "StochasticThermodynamics", "Learning", "DataSets"],
      swiftSettings: strict),

    .target(
      name: "DiffusionModels",
      dependencies: ["NumericalCore", "StochasticThermodynamics", "Learning", "DataSets"],
      swiftSettings: strict),

    // L4: pictures, the registry of the papers' results, and the umbrella.
    .target(
      name: "Reporting",
      dependencies: [
        "NumericalCore", "Learning", "DataSets", "StochasticThermodynamics", "SpectralTheory",
        "BoltzmannMachines", "StochasticGradients", "DiffusionModels",
      ], swiftSettings: strict),
    .target(
      name: "Reproductions",
      dependencies: [
        "NumericalCore", "Learning", "DataSets", "StochasticThermodynamics", "SpectralTheory",
        "BoltzmannMachines", "StochasticGradients", "DiffusionModels", "Reporting",
      ], swiftSettings: strict),
    .target(
      name: "Szilard",
      dependencies: [
        "NumericalCore", "Learning", "DataSets", "StochasticThermodynamics", "SpectralTheory",
        "BoltzmannMachines", "StochasticGradients", "DiffusionModels", "Reporting", "Reproductions",
      ], swiftSettings: strict),

    // L5: the command.
    .target(
      name: "SzilardCommands",
      dependencies: [
        "NumericalCore", "Learning", "DataSets", "StochasticThermodynamics", "SpectralTheory",
        "BoltzmannMachines", "StochasticGradients", "DiffusionModels", "Reporting", "Reproductions",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ], swiftSettings: strict),
    .executableTarget(
      name: "SzilardExecutable",
      dependencies: [
        "SzilardCommands", .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ], swiftSettings: strict),

    // Tests: one suite per module, CommandTests run the binary, TestSupport holds their statistics.
    .target(
      name: "TestSupport", dependencies: ["NumericalCore"], path: "Tests/TestSupport",
      swiftSettings: strict),
    .testTarget(
      name: "KernelTests", dependencies: ["CSzilardKernels", "TestSupport"], swiftSettings: strict),
    .testTarget(
      name: "NumericalCoreTests", dependencies: ["NumericalCore", "TestSupport"],
      swiftSettings: strict),
    .testTarget(
      name: "StochasticThermodynamicsTests",
      dependencies: ["StochasticThermodynamics", "DataSets", "NumericalCore", "TestSupport"],
      exclude: ["Fixtures"], swiftSettings: strict),
    .testTarget(
      name: "SpectralTheoryTests",
      dependencies: ["SpectralTheory", "NumericalCore", "TestSupport"],
      swiftSettings: strict),
    .testTarget(
      name: "LearningTests", dependencies: ["Learning", "NumericalCore", "TestSupport"],
      swiftSettings: strict),
    .testTarget(
      name: "DataSetsTests", dependencies: ["DataSets", "NumericalCore", "TestSupport"],
      exclude: ["Fixtures"], swiftSettings: strict),
    .testTarget(
      name: "BoltzmannMachinesTests",
      dependencies: [
        "BoltzmannMachines", "StochasticThermodynamics", "SpectralTheory", "DataSets", "Learning",
        "NumericalCore", "TestSupport",
      ], exclude: ["Fixtures"], swiftSettings: strict),
    .testTarget(
      name: "StochasticGradientsTests",
      dependencies: [
        "StochasticGradients", "StochasticThermodynamics", "Learning", "DataSets", "NumericalCore",
        "TestSupport",
      ], swiftSettings: strict),
    .testTarget(
      name: "DiffusionModelsTests",
      dependencies: [
        "DiffusionModels", "StochasticThermodynamics", "Learning", "DataSets", "NumericalCore",
        "TestSupport",
      ], swiftSettings: strict),
    .testTarget(
      name: "ReportingTests",
      dependencies: [
        "Reporting", "BoltzmannMachines", "StochasticThermodynamics", "SpectralTheory", "DataSets",
        "NumericalCore", "TestSupport",
      ],
      swiftSettings: strict),
    .testTarget(
      name: "ReproductionTests",
      dependencies: [
        "Reproductions", "Reporting", "BoltzmannMachines", "StochasticThermodynamics",
        "SpectralTheory", "DataSets", "NumericalCore", "TestSupport",
      ], swiftSettings: strict),
    .testTarget(
      name: "CommandTests", dependencies: ["SzilardCommands", "TestSupport"],
      swiftSettings: strict),
  ]
)
