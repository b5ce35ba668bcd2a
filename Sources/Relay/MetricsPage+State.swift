// The families that say how the daemon itself does.

internal import Archive
internal import Metrics

extension MetricsPage {
  func appendArchive(to text: inout some MetricsWriter) {
    let archive = shared.archive.figures
    text.family("deltad_archive_queue_length", .gauge, "What waits for the disk.")
    text.sample(["queue": "write"], archive.waitingChanges)
    text.sample(["queue": "read"], archive.waitingReads)
    text.single(
      "deltad_archive_queue_bytes", .gauge, "What waiting changes keep in memory.",
      archive.waitingBytes)
    text.family(
      "deltad_archive_commit_seconds", .histogram,
      "Transactions, from their beginning until they are on the disk.")
    text.sample([:], archive.commits)
    text.single("deltad_archive_changes", .counter, "Changes that were made.", archive.changes)
    text.family("deltad_archive_failures", .counter, "Changes that were not made, by reason.")
    for reason in ArchiveError.Reason.allCases {
      text.sample(["reason": reason.rawValue], archive.failures[reason] ?? 0)
    }
    text.single(
      "deltad_archive_failing", .gauge, "1 when the disk did not take the last change.",
      shared.archive.isFailing ? 1 : 0)
  }

  func appendLoops(to text: inout some MetricsWriter) {
    text.family("deltad_loop_up", .gauge, "1 for a loop that has answered.")
    for index in shared.mailboxes.indices {
      text.sample(["loop": String(index)], reports.contains { $0.loop == index } ? 1 : 0)
    }
    text.family(
      "deltad_loop_turn_seconds", .histogram, "What turns take, without the wait before them.")
    for report in reports { text.sample(["loop": String(report.loop)], report.figures.turns) }
    text.single("deltad_timers", .gauge, "Timers that are armed.", sum(\.timers))
    text.single(
      "deltad_watched_descriptors", .gauge, "Descriptors that loops watch.", sum(\.watches))
    text.single(
      "deltad_expectations", .gauge, "Steps that wait for something.", sum(\.expectations))
  }

  func appendConfiguration(to text: inout some MetricsWriter) {
    text.family("deltad_build", .info, "Which deltad this is.")
    text.sample(["version": Relay.version], 1)
    let reload = shared.reload.state
    text.single(
      "deltad_config_last_reload_successful", .gauge,
      "Whether the last attempt to take a configuration succeeded.", reload.isTaken ? 1 : 0)
    text.single(
      "deltad_config_last_reload_success_timestamp_seconds", .gauge,
      "When a configuration was last taken, since 1970.", reload.takenAt)
  }

  /// By the names that the client libraries of Prometheus give them.
  func appendProcess(to text: inout some MetricsWriter) {
    func gauge(_ name: String, _ help: String, _ value: Int?) {
      if let value { text.single(name, .gauge, help, value) }
    }
    text.family("process_cpu_seconds", .counter, "Processor time, the kernel's included.")
    text.sample([:], seconds: ProcessFigures.processorTime)
    gauge("process_start_time_seconds", "Since 1970.", shared.startedAt)
    let memory = ProcessFigures.memory
    gauge("process_resident_memory_bytes", "Resident memory.", memory?.resident)
    gauge("process_virtual_memory_bytes", "Virtual memory.", memory?.virtual)
    gauge("process_open_fds", "Open descriptors.", ProcessFigures.openDescriptors)
    gauge("process_max_fds", "Descriptors that it may open.", ProcessFigures.maximumDescriptors)
  }
}
