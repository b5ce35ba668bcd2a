import Admission
import Configuration
import Testing

@testable import Relay

@Suite struct ReloadingTests {
  @Test func `what only a start changes stays, and is named`() {
    var (former, new) = (Settings.demo, Settings.demo)
    former.archive.file = "a"
    new.archive.file = "b"
    new.loops = 3
    new.proxyProtocol = [.tcp(host: "127.0.0.1", port: 1)]
    new.limits.generations = 7
    let (kept, keys) = new.keepingWhatOnlyAStartChanges(of: former)
    #expect(keys == ["proxyProtocol", "loops", "archive.file"])
    #expect(kept.limits.generations == 7)
    #expect(kept.archive.file == "a" && kept.loops == 0 && kept.proxyProtocol.isEmpty)
    #expect(Settings.demo.keepingWhatOnlyAStartChanges(of: .demo).keys == [])
  }

  @Test func `a listener that stays is not opened to everybody`() {
    var (former, new) = (Settings.demo, Settings.demo)
    former.listen = [.tcp(host: "0.0.0.0", port: 80)]
    former.keys = [Settings.NamedKey(name: "alice", source: .file(path: "a"))]
    #expect(former.openListeners().isEmpty)
    new.listen = [.tcp(host: "127.0.0.1", port: 80)]
    #expect(new.openListeners().isEmpty)
    let (kept, _) = new.keepingWhatOnlyAStartChanges(of: former)
    #expect(kept.openListeners() == former.listen)
    new.allowAnonymous = true
    #expect(new.keepingWhatOnlyAStartChanges(of: former).kept.openListeners().isEmpty)
  }

  @Test func `an upstream that is the same server is as well as it was`() throws {
    var settings = Settings.demo
    var upstream = Settings.Upstream(name: "a", kind: .openai)
    upstream.baseURL = "http://a"
    upstream.breakerFailures = 1
    settings.upstreams.append(upstream)
    let former = LiveConfiguration(settings, Secrets())
    former.health["a"]?.failed(now: 5)
    settings.upstreams[1].breakerFailures = 7
    let same = LiveConfiguration(settings, Secrets(), replacing: former)
    #expect(same.health["a"] === former.health["a"])
    #expect(same.health["a"]?.circuit == former.health["a"]?.circuit)
    settings.upstreams[1].baseURL = "http://b"
    let other = LiveConfiguration(settings, Secrets(), replacing: same)
    #expect(other.health["a"]?.circuit == .closed(failuresInRow: 0))
  }
}
