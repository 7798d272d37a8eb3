/// The version of Szilard (semantic versioning).
public let szilardVersion = "0.1.0"
