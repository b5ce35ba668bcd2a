"""What Benchmarks/check lets through, and what not."""

import copy
import json
import pathlib
import subprocess
import sys

import pytest

BENCHMARKS = pathlib.Path(__file__).resolve().parents[2] / "Benchmarks"

THRESHOLDS = {
    "micro": {"scan": {"allocations": {"atMost": 0}, "instructions": {"atMost": 500}}},
    "macro": {
        "R1": {"ratio": {"atMost": 0.85, "reason": "beside nginx"}},
        "S1": {"ratio": {"atLeast": 0.33}},
    },
}
GOOD = {
    "micro": {"scan": {"allocations": 0, "instructions": 500, "nanoseconds": 31.5}},
    "macro": {"R1": {"ratio": 0.85}, "S1": {"ratio": 0.33}},
}


@pytest.fixture
def check(tmp_path):
    """The status and the lines of a check of results, each of which becomes a file."""

    def check(*results, options=()):
        thresholds = tmp_path / "thresholds.json"
        thresholds.write_text(json.dumps(THRESHOLDS))
        files = []
        for number, result in enumerate(results):
            files.append(tmp_path / f"results-{number}.json")
            files[-1].write_text(json.dumps(result))
        run = subprocess.run(
            [sys.executable, BENCHMARKS / "check", "--thresholds", thresholds, *options, *files],
            capture_output=True, text=True)
        return run.returncode, run.stdout.splitlines()

    return check


def changed(section, row, figure, value):
    results = copy.deepcopy(GOOD)
    results[section][row][figure] = value
    return results


def test_what_is_as_good_as_allowed_passes(check):
    assert check(GOOD) == (0, ["4 thresholds: all are met"])


@pytest.mark.parametrize(("section", "row", "figure", "value", "line"), [
    ("macro", "R1", "ratio", 0.86,
     "macro: R1, ratio: found 0.86, allowed at most 0.85 (beside nginx)"),
    ("macro", "S1", "ratio", 0.32,
     "macro: S1, ratio: found 0.32, allowed no less than 0.33"),
    ("micro", "scan", "allocations", 0.001,
     "micro: scan, allocations: found 0.001, allowed at most 0"),
    ("micro", "scan", "instructions", 501,
     "micro: scan, instructions: found 501, allowed at most 500"),
    ("micro", "scan", "instructions", None, "micro: scan, instructions: not measured"),
    ("micro", "scan", "instructions", float("nan"),
     "micro: scan, instructions: found nan, allowed at most 500"),
])
def test_a_worse_figure_is_told(check, section, row, figure, value, line):
    status, lines = check(changed(section, row, figure, value))
    assert (status, lines) == (1, [line, "4 thresholds: 1 failures"])


def test_a_missing_row_is_told(check):
    results = copy.deepcopy(GOOD)
    del results["macro"]["R1"]
    assert check(results)[1][0] == "macro: R1, ratio: not measured (beside nginx)"


def test_a_missing_section_is_told(check):
    status, lines = check({"micro": GOOD["micro"]})
    assert status == 1
    assert len(lines) == 3


def test_a_row_without_a_threshold_is_told(check):
    results = copy.deepcopy(GOOD)
    results["micro"]["new"] = {"allocations": 0}
    status, lines = check(results)
    assert (status, lines[0]) == (1, "micro: new: has no threshold")


def test_only_the_sections_asked_for_count(check):
    status, _ = check({"micro": GOOD["micro"]}, options=["--section", "micro"])
    assert status == 0


def test_an_unknown_section_holds_nothing_and_is_refused(check):
    status, _ = check(GOOD, options=["--section", "mikro"])
    assert status == 2


def test_results_of_several_files_are_one(check):
    allocations = {"micro": {"scan": {"allocations": 0}}}
    instructions = {"micro": {"scan": {"instructions": 400}}}
    status, _ = check(allocations, instructions, options=["--section", "micro"])
    assert status == 0


def test_every_threshold_is_a_number_with_a_direction():
    thresholds = json.loads((BENCHMARKS / "thresholds.json").read_text())
    for rows in thresholds.values():
        for figures in rows.values():
            for threshold in figures.values():
                [bound] = set(threshold) & {"atMost", "atLeast"}
                assert isinstance(threshold[bound], (int, float))
