"""A reader that takes nothing costs a position in the log, and is closed in time."""

import contextlib
import pathlib
import re
import shutil
import subprocess
import time

import pytest
from Support.processes import wait_until

from . import asking
from .events import stream_events

STALL = 2.0
SETTINGS = {"loops": 1, "timeouts": {"stall": "2s", "heartbeat": "1s"}}
READERS = 100
TEXT = "0123456789abcdef" * (1 << 17)
# Of one reader that takes nothing, in bytes.
KERNEL_BOUND = 128 << 10
# The connection itself: its buffers are empty, its place in the log is a number.
USER_BOUND = 8 << 10
# What the allocator and the log file's lines may take beside, over all readers.
NOISE = 128 << 10


@pytest.fixture(scope="module")
def path(daemon, model):
    """A stream of two megabytes that has ended, and whose rendering exists."""
    model.script("two-megabytes", [{"text": TEXT, "tokens": 512}, {"done": True}])
    path = asking.start_stream(daemon, "two-megabytes")
    assert len(stream_events(asking.read(daemon, path).body)) == 513
    return path


@contextlib.contextmanager
def stuck_readers(daemon, path, count):
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(asking.open_read(daemon, path)) for _ in range(count)]


def resident(daemon):
    status = pathlib.Path(f"/proc/{daemon.process.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) << 10


def send_queues(daemon):
    """The kernel's memory in the send queue of each of the daemon's client connections, in bytes:
    `w` of skmem (ss(8)), and the bytes not yet acknowledged."""
    command = ["ss", "-tmnHO", "state", "established", f"( sport = :{daemon.port} )"]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    return [
        (int(re.search(r"skmem:\(.*?,w(\d+)", line)[1]), int(line.split()[1])) for line in lines
    ]


def settled_queues(daemon, count):
    """The queues when all readers have taken what they will, and nothing moves any more."""
    seen = []

    def settled():
        queues = sorted(send_queues(daemon))
        seen.append(queues)
        full = len(queues) == count and all(unsent for _, unsent in queues)
        return queues if full and seen[-2:] == [queues, queues] else None

    return wait_until(settled, "the readers to be stuck")


@pytest.mark.skipif(not shutil.which("ss"), reason="ss(8) is not installed")
def test_readers_that_take_nothing_cost_no_memory_of_ours_and_little_of_the_kernels(daemon, path):
    with stuck_readers(daemon, path, 1):
        settled_queues(daemon, 1)
    wait_until(lambda: asking.snapshot(daemon, path)["subscribers"] == 0, "the reader to be gone")
    before = resident(daemon)
    with stuck_readers(daemon, path, READERS):
        queues = settled_queues(daemon, READERS)
        assert max(memory for memory, _ in queues) <= KERNEL_BOUND
        assert resident(daemon) - before <= READERS * USER_BOUND + NOISE


def test_a_reader_that_takes_nothing_is_closed_and_may_resume(daemon, path):
    with asking.open_read(daemon, path) as stuck:
        stuck.head()
        began = time.monotonic()
        daemon.wait_for_log("api=streams .*end=stalled")
        # The time runs from the last byte that was taken, moments before or behind the head.
        assert time.monotonic() - began >= STALL - 0.5
        had = []
        with contextlib.suppress(AssertionError, ConnectionResetError):
            stuck.whole()
        assert not stuck.answer.ended
        body = bytes(stuck.answer.body)
        had = stream_events(body[: body.rfind(b"\n\n") + 2])
    assert 0 < len(had) < 513
    rest = stream_events(asking.read(daemon, path, headers={"Last-Event-ID": had[-1].id}).body)
    assert [event.id for event in had + rest] == [*range(1, 514)]
    assert "".join(event.data["text"] for event in (had + rest)[:-1]) == TEXT


def test_a_reader_that_takes_some_now_and_then_is_not_closed(daemon, path):
    with asking.open_read(daemon, path) as slow:
        slow.head()
        for _ in range(3):
            time.sleep(STALL * 0.4)
            had = len(slow.answer.body)
            slow.read_until(lambda answer: len(answer.body) >= had + (200 << 10))
        assert len(stream_events(slow.whole().body)) == 513


def test_one_that_is_stuck_delays_neither_the_model_nor_others(daemon, model, name):
    end = [{"gate": name}, {"text": "end"}, {"done": True}]
    model.script(name, [{"text": TEXT, "tokens": 512}, *end])
    path = asking.start_stream(daemon, name)
    with stuck_readers(daemon, path, 5):
        with asking.open_read(daemon, path) as reader:
            reader.read_body(b"id: 512\n")
            model.open(name)
            assert len(stream_events(reader.whole().body)) == 514
        assert asking.snapshot(daemon, path)["status"] == "done"
    (record,) = model.wait(name, "finished")
    assert record["outcome"] == "finished"
