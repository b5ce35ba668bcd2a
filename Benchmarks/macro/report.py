"""What was measured, as a table for people and as figures for `Benchmarks/check`."""

import datetime
import json
import pathlib
import platform
import statistics

from . import peers, rows
from .processes import ROOT

DOCUMENT = ROOT / "docs/benchmarks.md"
THRESHOLDS = ROOT / "Benchmarks/thresholds.json"
COLUMNS = ("direct", "nginx", "haproxy", "sglang-router", "Nchan", "deltad")


def cell(line, values):
    """Median and, in brackets, minimum and maximum."""
    if not values:
        return ""
    low, middle, high = (f"{value / line.divisor:,.{line.digits}f}" for value in (
        min(values), statistics.median(values), max(values)))
    return middle if low == high else f"{middle} ({low}–{high})"


def ratio(line, results):
    """deltad's median to its peer's; None without one of them."""
    if not line.against:
        return None
    ours, theirs = results.values(line, "deltad"), results.values(line, line.against)
    if not ours or not theirs or not statistics.median(theirs):
        return None
    return statistics.median(ours) / statistics.median(theirs)


def figures(results):
    """{section: {row: {figure: number}}}"""
    found = {}
    for line in rows.LINES:
        ours = results.values(line, "deltad")
        if line.check.lower().endswith("ratio"):
            value = ratio(line, results)
        else:
            value = statistics.median(ours) if ours else None
        if value is not None:
            found.setdefault(line.row, {})[line.check] = value
    return {"macro": found}


def goal_cell(line, limits, found):
    """The goal of a row, and whether it is met."""
    limit = limits.get(line.row, {}).get(line.check)
    if limit is None or "goal" not in limit or line.check not in found.get(line.row, {}):
        return ""
    met = found[line.row][line.check] <= limit["goal"]
    is_ratio = line.check.lower().endswith("ratio")
    shown = limit["goal"] if is_ratio else limit["goal"] / line.divisor
    sign = " ×" if is_ratio else ""
    return f"≤ {shown:g}{sign}: " + ("met" if met else "**missed**")


def table(results):
    """Only the peers that were measured have columns."""
    columns = [name for name in COLUMNS
               if any(results.values(line, name) for line in rows.LINES)]
    limits = json.loads(THRESHOLDS.read_text())["macro"]
    found = figures(results)["macro"]
    lines = ["| row | work | unit | " + " | ".join(columns) + " | ratio | goal |",
             "|---|---|---|" + "---|" * (len(columns) + 2)]
    for line in rows.LINES:
        cells = [cell(line, results.values(line, name)) for name in columns]
        if not any(cells):
            continue
        share = ratio(line, results)
        against = f"{share:.2f} × {line.against}" if share else ""
        lines.append(
            f"| {line.row} | {line.title} | {line.unit} | " + " | ".join(cells)
            + f" | {against} | {goal_cell(line, limits, found)} |")
    return lines


def machine():
    """In one line, with the versions of all that took part."""
    cpu = next((line.split(":", 1)[1].strip() for line in
                pathlib.Path("/proc/cpuinfo").read_text().splitlines()
                if line.startswith("model name")), platform.machine())
    count = sum(line.startswith("processor") for line in
                pathlib.Path("/proc/cpuinfo").read_text().splitlines())
    release = pathlib.Path("/etc/os-release").read_text()
    system = next(line.split('"')[1] for line in release.splitlines()
                  if line.startswith("PRETTY_NAME"))
    versions = ", ".join(f"{name} {text}" for name, text in peers.versions().items())
    kernel = ".".join(platform.release().split(".")[:2])
    return (f"{count} processors of a virtual machine ({cpu}), Linux {kernel}, {system}; "
            f"{versions}; {datetime.date.today():%-d %B %Y}.")


def notes(results):
    """What was not as it should be, in the order in which it was found."""
    return [f"- {work}, {peer}: {text}" for work, peer, text in results.notes]


def section(results, rounds):
    """The generated table, and what must be known of it."""
    parts = [machine(), "", f"Median (minimum–maximum) of {rounds} rounds.", "", *table(results)]
    if results.notes:
        parts += ["", "Of these runs:", "", *notes(results)]
    return "\n".join(parts)


def write(text, name):
    """Puts it between the two marks of this name in the document."""
    begin, end = f"<!-- {name}:begin -->", f"<!-- {name}:end -->"
    before, rest = DOCUMENT.read_text().split(begin, 1)
    after = rest.split(end, 1)[1]
    DOCUMENT.write_text(f"{before}{begin}\n{text}\n{end}{after}")
