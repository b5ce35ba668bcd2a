// swift-tools-version: 6.3
import PackageDescription

// Every target is held to the same rules. What each setting buys is written in CONTRIBUTING.md.
let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
  // Debug builds, which run the tests, check exclusive access; in release it was a fifth of what an
  // event costs.
  .unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release)),
]

func module(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

func program(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .executableTarget(name: name, dependencies: dependencies, swiftSettings: settings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], _ resources: [Resource] = [])
  -> Target
{
  .testTarget(
    name: name, dependencies: dependencies, resources: resources, swiftSettings: settings)
}

let package = Package(
  name: "deltad",
  products: [
    .executable(name: "deltad", targets: ["deltad"]),
    .executable(name: "scripted-model", targets: ["scripted-model"]),
    .executable(name: "deltabench", targets: ["deltabench"]),
    .executable(name: "deltaload", targets: ["deltaload"]),
  ],
  targets: [
    // C that Swift cannot call directly: includes and wrappers, nothing else.
    .target(name: "CLinux"),
    .target(name: "CCurl", linkerSettings: [.linkedLibrary("curl")]),
    .target(name: "CSQLite", linkerSettings: [.linkedLibrary("sqlite3")]),
    .target(name: "CWeb"),

    // Pure: bytes or time in, values out.
    module("EventStream"),
    module("JSONWire"),
    module("HTTPWire"),
    module("StreamLog"),
    module("Admission"),
    module("Metrics"),
    module("ModelFormats", ["JSONWire"]),
    module("ClientAPIs", ["JSONWire", "ModelFormats"]),

    // I/O.
    module("EventLoop", ["CLinux"]),
    module("Upstream", ["EventLoop", "EventStream", "JSONWire", "ModelFormats", "CCurl"]),
    module("Downstream", ["EventLoop", "HTTPWire", "Metrics", "StreamLog", "CLinux"]),
    module("Archive", ["CSQLite", "Metrics"]),

    // Composition.
    module("Configuration", ["Admission"]),
    module(
      "Relay",
      [
        "Admission", "Archive", "CWeb", "ClientAPIs", "Configuration", "Downstream", "EventLoop",
        "EventStream", "HTTPWire", "JSONWire", "Metrics", "ModelFormats", "StreamLog", "Upstream",
      ]),
    program("deltad", ["Configuration", "EventLoop", "EventStream", "JSONWire", "Relay"]),
    program("scripted-model", []),

    // Micro-benchmarks of the pure modules: docs/benchmarks.md.
    .target(name: "CAllocationCounter", path: "Benchmarks/CAllocationCounter"),
    .executableTarget(
      name: "deltabench",
      dependencies: [
        "Admission", "CAllocationCounter", "ClientAPIs", "EventStream", "HTTPWire", "JSONWire",
        "ModelFormats", "StreamLog",
      ],
      path: "Benchmarks/deltabench", swiftSettings: settings),
    // The load generator: a client of the daemon's, which knows nothing of its inside.
    module("LoadGeneration", ["EventLoop", "EventStream", "HTTPWire", "JSONWire"]),
    program("deltaload", ["LoadGeneration"]),

    tests("EventStreamTests", ["EventStream", "TestSupport"]),
    tests("JSONWireTests", ["JSONWire", "TestSupport"]),
    tests("HTTPWireTests", ["HTTPWire", "TestSupport"]),
    tests("ModelFormatsTests", ["ModelFormats", "JSONWire", "TestSupport"]),
    tests("ConfigurationTests", ["Configuration", "TestSupport"]),
    tests("StreamLogTests", ["StreamLog", "EventLoop", "TestSupport"]),
    tests("EventLoopTests", ["CLinux", "EventLoop", "TestSupport"]),
    tests(
      "ClientAPIsTests",
      ["ClientAPIs", "EventStream", "HTTPWire", "JSONWire", "ModelFormats", "TestSupport"]),
    tests("MetricsTests", ["Metrics"]),
    tests("AdmissionTests", ["Admission", "TestSupport"]),
    tests("ArchiveTests", ["Archive", "CSQLite", "Metrics", "TestSupport"]),
    tests("UpstreamTests", ["Upstream", "EventLoop", "JSONWire", "ModelFormats"]),
    tests(
      "DownstreamTests",
      ["CLinux", "Downstream", "EventLoop", "HTTPWire", "Metrics", "StreamLog", "TestSupport"]),
    tests(
      "RelayTests",
      [
        "Relay", "Admission", "Archive", "ClientAPIs", "Configuration", "Downstream", "EventStream",
        "HTTPWire", "JSONWire", "ModelFormats", "StreamLog", "TestSupport",
      ]),
    tests(
      "LoadGenerationTests",
      ["LoadGeneration", "EventStream", "HTTPWire", "JSONWire"]),
    tests("RepositoryTests", ["TestSupport"]),
    .target(
      name: "TestSupport", dependencies: [], path: "Tests/TestSupport", swiftSettings: settings),
    tests("EndToEndTests", ["TestSupport", "deltad", "scripted-model"]),
  ]
)
