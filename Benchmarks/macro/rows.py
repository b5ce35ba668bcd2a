"""The rows: which works there are, and what of them each line of the table shows."""

import dataclasses

from .works import Backlog, Fanout, Relay, Resident, Size, Stuck

ONE_BY_ONE = ["--tokens", 200, "--interval", "0", "--burst", 1]
FAST = ["-c", 64, "-t", "4s", "--warm", "1s"]

WORKS = {
    "paced": Relay(
        ["--tokens", 100, "--interval", "100ms"], ["-c", 1000, "-t", "6s", "--warm", "2s"],
        peers=("direct", "nginx", "haproxy", "sglang-router", "deltad")),
    "short": Relay(
        ["--tokens", 20, "--interval", "100ms"], ["-c", 1000, "-t", "6s", "--warm", "2s"],
        peers=("direct", "nginx", "haproxy", "sglang-router", "deltad")),
    "fast": Relay(ONE_BY_ONE, FAST),
    "bursts": Relay(ONE_BY_ONE[:-1] + [8], FAST),
    "whole": Relay(ONE_BY_ONE, [*FAST, "--no-stream"]),
    "held": Relay(["--tokens", 100, "--interval", "1s"], ["-c", 5000, "--hold", "2s"],
                  fresh=True),
    "fanout-100": Fanout(100, events=500, interval=0.01),
    "fanout-1000": Fanout(1_000, events=100, interval=0.05),
    "fanout-10000": Fanout(10_000, events=20, interval=0.3, delay=4),
    "overload": Fanout(5_000, events=200, interval=0.01, delay=4),
    "idle": Fanout(10_000, events=2, interval=0.3, delay=4, fresh=True),
    "backlog": Backlog(),
    "stuck": Stuck(),
    "fanout-19000": Fanout(19_000, events=20, interval=0.5, delay=6),
    "resident": Resident(),
    "size": Size(),
}


@dataclasses.dataclass
class Line:
    """One line of the table. `check` is the figure that thresholds.json may limit: `ratio` is that
    of deltad to the peer `against`, anything else deltad's own in the unit of the samples."""

    row: str
    work: str
    title: str
    unit: str
    figure: str
    check: str = "ratio"
    against: str | None = None
    divisor: float = 1
    digits: int = 2


PER_EVENT, PER_REQUEST = "cpu_us_per_event", "cpu_us_per_request"
KB, MIB = 1024, 1 << 20


def fanout(row, work, title):
    return Line(row, work, title, "µs/delivery", PER_EVENT, against="Nchan")


def latency(work, title, figure, check):
    return Line("L1", work, f"1,000 streams, an event each 100 ms: {title}", "ms", figure,
                check, against="nginx", divisor=1000, digits=3)


LINES = [
    Line("R1", "paced", "1,000 streams, an event each 100 ms", "µs/event", PER_EVENT,
         against="nginx"),
    Line("R2", "fast", "64 streams as fast as they go, one event a write", "µs/event", PER_EVENT,
         against="nginx"),
    Line("R3", "bursts", "the same, eight events a write", "µs/event", PER_EVENT, against="nginx"),
    Line("R4", "whole", "64 connections, answers that are no streams", "µs/request", PER_REQUEST,
         against="nginx"),
    Line("R5", "held", "5,000 open streams", "KB of RSS each", "rss_per_stream",
         "bytesPerStream", "nginx", KB),
    fanout("F1-100", "fanout-100", "100 subscribers, 100 events/s"),
    fanout("F1-1000", "fanout-1000", "1,000 subscribers, 20 events/s"),
    fanout("F1-10000", "fanout-10000", "10,000 subscribers, 3.3 events/s"),
    fanout("F2", "overload", "5,000 subscribers, 100 events/s: more than single sends can serve"),
    Line("F2", "overload", "the same: delivery p99", "ms", "delivery.p99", "lagMicroseconds",
         "Nchan", 1000, 0),
    Line("F3", "idle", "10,000 idle subscribers", "KB of RSS each", "rss_per_stream",
         "bytesPerSubscriber", "Nchan", KB),
    Line("F4", "backlog", "100 subscribers come to 1,000 events", "µs/event", PER_EVENT,
         against="Nchan"),
    Line("F5", "stuck", "100 readers that never read 8 MB", "KB of RSS each", "userBytes",
         "userBytes", "Nchan", KB),
    Line("F5", "stuck", "the same: what the kernel keeps", "KB each", "kernelBytes",
         "kernelBytes", "Nchan", KB),
    fanout("F6", "fanout-19000", "19,000 subscribers, 2 events/s"),
    latency("short", "first event, p50", "ttfe.p50", "firstEventP50Ratio"),
    latency("short", "first event, p99", "ttfe.p99", "firstEventP99Ratio"),
    latency("paced", "each event, p50", "delivery.p50", "p50Ratio"),
    latency("paced", "each event, p99", "delivery.p99", "p99Ratio"),
    Line("M1", "resident", "at rest", "MiB of RSS", "idleBytes", "idleBytes", None, MIB),
    Line("M1", "resident", "at rest, without files", "MiB of RssAnon", "idleAnonymous",
         "idleAnonymousBytes", None, MIB),
    Line("M1", "resident", "1,000 open streams", "MiB of RSS", "openStreamsBytes",
         "openStreamsBytes", None, MIB),
    Line("M1", "resident", "1,000 open streams, without files", "MiB of RssAnon",
         "openStreamsAnonymous", "openStreamsAnonymousBytes", None, MIB),
    Line("D1", "size", "the program, stripped, with Swift's runtime", "MiB", "bytes", "bytes",
         None, MIB),
    Line("D1", "size", "the same as it is built", "MiB", "builtBytes", "builtBytes", None, MIB),
]
ROWS = list(dict.fromkeys(line.row for line in LINES))
