"""How the costs of deltad grow with readers, streams and loops."""

import itertools
import math
import statistics

from . import load, peers
from .processes import LOAD_CPU, ROOT, SERVER_CPU

SUBSCRIBERS = (10, 100, 1_000, 10_000, 19_000)
# A relayed stream takes two descriptors, and a process may have 20,000 here.
STREAMS = (10, 100, 1_000, 9_800)
# Deliveries of one measurement: what is counted in hundredths of a second must add up.
DELIVERIES = 150_000
COST, MEMORY = ROOT / "docs/growth-cost.svg", ROOT / "docs/growth-memory.svg"


def fanout(folder, loops, subscribers):
    """µs a delivery, and bytes of memory a subscriber."""
    events = max(15, min(2_000, DELIVERIES // subscribers))
    interval = max(1, subscribers * 20 // 1000 // loops)  # Milliseconds: half of a processor.
    delay = 1.5 + subscribers / 2_000  # For all to be connected.
    options = ["--tokens", events, "--interval", f"{interval}ms", "--delay", f"{delay:g}s"]

    def run(peer, cpus):
        return load.stream_fanout(
            peer, "--subscribers", subscribers, "--expect-events", events, cpus=cpus)

    return measure(folder, loops, options, run)


def relay(folder, loops, streams):
    """µs an event, and bytes of memory a stream."""
    interval = max(5, streams // 10)
    options = ["--tokens", 100, "--interval", f"{interval}ms"]

    def hold(peer, cpus):
        return load.relay(peer, "-c", streams, "--hold", "500ms", cpus=cpus)

    def run(peer, cpus):
        return load.relay(peer, "-c", streams, "-t", "5s", "--warm", "2s", cpus=cpus)

    # Memory is looked at before any answer is finished and kept; and in a daemon of its own, since
    # answers go on when their readers have left.
    _, memory, failures = measure(folder, loops, options, hold)
    cost, _, others = measure(folder, loops, options, run)
    return cost, memory, failures + others


def measure(folder, loops, options, run):
    """A fresh daemon and a fresh model; with two loops nobody is pinned."""
    server, others = (SERVER_CPU, LOAD_CPU) if loops == 1 else (None, None)
    model = peers.start_model(folder, options, others)
    try:
        peer = peers.start_deltad(folder, model.port, loops, server)
        try:
            before = peer.process.memory()
            sample = run(peer, others)
            return (sample.get("cpu_us_per_event", 0), sample["rss_peak"] - before,
                    sample["failures"])
        finally:
            peer.stop()
    finally:
        model.stop()


def carry_out(folder, say, rounds=3):
    """{(kind, loops): [(n, cost, bytes)]}"""
    found = {}
    for loops, (kind, run, counts) in itertools.product(
            (1, 2), (("subscribers", fanout, SUBSCRIBERS), ("streams", relay, STREAMS))):
        for count in counts:
            say(f"growth: {count} {kind}, {loops} loops")
            samples = [run(folder, loops, count) for _ in range(rounds)]
            failures = {text for sample in samples for text in sample[2]}
            for failure in failures:
                say(f"  {failure}")
            cost = statistics.median(sample[0] for sample in samples)
            if not cost:
                raise load.Failed("; ".join(failures) or "nothing came in time")
            memory = statistics.median(sample[1] for sample in samples)
            found.setdefault((kind, loops), []).append((count, cost, memory))
    return found


def report(found):
    """Tables and plots."""
    lines = ["| | " + " | ".join(f"{n:,}" for n in sorted(
        {n for series in found.values() for n, _, _ in series})) + " |"]
    counts = sorted({n for series in found.values() for n, _, _ in series})
    lines.append("|---|" + "---|" * len(counts))
    for (kind, loops), series in found.items():
        by_count = {n: (cost, memory) for n, cost, memory in series}
        unit = "delivery" if kind == "subscribers" else "event"
        name = f"{kind}, {loops} loop{'s' if loops > 1 else ''}"
        lines.append(f"| {name}: µs/{unit} | " + " | ".join(
            f"{by_count[n][0]:.2f}" if n in by_count else "" for n in counts) + " |")
        lines.append(f"| {name}: MiB | " + " | ".join(
            f"{by_count[n][1] / (1 << 20):.1f}" if n in by_count else "" for n in counts) + " |")
    COST.write_text(plot("µs of CPU a delivery, or an event", {
        key: [(n, cost) for n, cost, _ in series] for key, series in found.items()}))
    MEMORY.write_text(plot("MiB of memory beyond that at rest", {
        key: [(n, max(memory, 1) / (1 << 20)) for n, _, memory in series]
        for key, series in found.items()}, logarithmic=True))
    return "\n".join([*lines, "", f"![CPU]({COST.name})", "", f"![Memory]({MEMORY.name})"])


COLOURS = ("#3d78d8", "#d97b28", "#3a9d5d", "#b04fc0")


def plot(title, series, logarithmic=False):
    """Lines over a logarithmic axis of n. Grey and mid-tones are read on light and on dark."""
    width, height, left, bottom, top = 720, 300, 60, 40, 40
    most = max(y for points in series.values() for _, y in points) * 1.2
    least = 0.01 if logarithmic else 0

    def x(n):
        return left + (math.log10(n) - 1) / (math.log10(20_000) - 1) * (width - left - 20)

    def y(value):
        if logarithmic:
            share = math.log10(max(value, least) / least) / math.log10(most / least)
        else:
            share = value / most
        return height - bottom - share * (height - bottom - top)

    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
             'font-family="sans-serif" font-size="12" fill="#808080">',
             f'<text x="{left}" y="18">{title}</text>']
    ticks = [0.01, 0.1, 1, 10, 100] if logarithmic else [most * k / 4 for k in range(5)]
    for value in (tick for tick in ticks if tick <= most):
        parts.append(f'<line x1="{left}" x2="{width - 20}" y1="{y(value):.1f}" '
                     f'y2="{y(value):.1f}" stroke="#808080" stroke-opacity=".3"/>')
        parts.append(f'<text x="{left - 6}" y="{y(value) + 4:.1f}" text-anchor="end">'
                     f'{value:.3g}</text>')
    for n in (10, 100, 1_000, 10_000):
        parts.append(f'<text x="{x(n):.1f}" y="{height - bottom + 18}" '
                     f'text-anchor="middle">{n:,}</text>')
    for number, ((kind, loops), points) in enumerate(series.items()):
        colour = COLOURS[number % len(COLOURS)]
        path = " ".join(f"{x(n):.1f},{y(value):.1f}" for n, value in points)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" '
                     'stroke-width="2"/>')
        parts.append(f'<text x="{left + 150 * number}" y="{height - 6}" fill="{colour}">'
                     f'{kind}, {loops} loop{"s" if loops > 1 else ""}</text>')
    return "\n".join(parts) + "\n</svg>\n"
