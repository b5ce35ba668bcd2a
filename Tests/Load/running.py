"""Runs of deltaload and what they say."""

import json
import subprocess

from Support.processes import DELTALOAD, PATIENCE

COMPLETION = '{"model":"m","messages":[{"role":"user","content":"Hello"}]}'


class Run:
    """One run to its end: `status`, `output`, `errors`."""

    def __init__(self, *arguments):
        done = subprocess.run(
            [DELTALOAD, *map(str, arguments)],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=3 * PATIENCE)
        self.status, self.output, self.errors = done.returncode, done.stdout, done.stderr


class Measured(Run):
    """A run with `--json`; it must pass unless another `status` is expected."""

    def __init__(self, *arguments, status=0):
        super().__init__(*arguments, "--json")
        assert self.status == status, (self.output, self.errors)
        result = json.loads(self.output)
        self.figures, self.latencies = result["figures"], result["latencies"]
        self.failures, self.first_error = result["failures"], result["first_error"]
        assert result["passed"] == (status == 0)
