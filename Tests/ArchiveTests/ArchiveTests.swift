import Archive
import Testing

@Suite struct ArchiveTests {}
