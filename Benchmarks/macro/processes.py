"""Processes under measurement: started on their processor, looked at, and ended by their number."""

import os
import pathlib
import resource
import socket
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
RELEASE = ROOT / ".build/release"
DESCRIPTORS = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
SERVER_CPU, LOAD_CPU = {0}, {1}
PATIENCE = 30


class Unavailable(Exception):
    """A peer that is not here, or does not start: its cells say so, and the rest goes on."""


def free_port():
    """A port that nobody has now; most of the programs measured cannot choose one themselves."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def free_ports(count):
    """Several, none of which is another's."""
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()


def answers(port):
    """Whether somebody accepts connections there."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Process:
    """One program with its descendants. `cpus` is a set of processors, or None for all."""

    def __init__(self, command, log, cpus):
        def prepare():
            resource.setrlimit(resource.RLIMIT_NOFILE, (DESCRIPTORS, DESCRIPTORS))
            if cpus:
                os.sched_setaffinity(0, cpus)

        self.log = log
        try:
            with log.open("ab") as output:
                self.process = subprocess.Popen(
                    [str(part) for part in command], stdin=subprocess.DEVNULL, stdout=output,
                    stderr=output, preexec_fn=prepare)
        except OSError as error:
            raise Unavailable(f"{command[0]}: {error.strerror}") from error
        self.pid = self.process.pid

    def wait_for(self, port):
        """Until it accepts connections; it is ended when it does not."""
        deadline = time.monotonic() + PATIENCE
        while not answers(port):
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise Unavailable(f"did not start: {self.log.read_text(errors='replace')[-300:]}")
            time.sleep(0.05)

    def stop(self):
        """Ends it; all its descendants end with it."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def memory(self, field="VmRSS"):
        """Resident bytes of it and its descendants; `RssAnon` leaves files and shared memory out."""
        return sum(status_bytes(member, field) for member in descendants(self.pid))


def descendants(pid):
    """The process itself, and all below it."""
    found = [pid]
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            found += descendants(int(child))
    return found


def status_bytes(pid, field):
    """A size of /proc/PID/status."""
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) * 1024
    return 0
