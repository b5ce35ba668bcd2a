"""A store without room: what needs it is refused, all else goes on, and it mends by itself."""

import json
import os
import subprocess

import pytest
from Relay.events import stream_events
from Relay.wire import fetch
from Support.processes import wait_until

from . import asking
from .faults import check, read
from .ways import AGENT_JSON, AGENT_SSE, CREATE, RESPOND, WIDGET_JSON, WIDGET_LINES, follow

SIZE = 4 << 20
# Turns until a full store has no page left for the next one.
ATTEMPTS = 300


class SmallDisk:
    """A file system of its own that can be filled to the last byte."""

    def __init__(self, folder):
        self.folder = folder
        self.filler = folder / "filler"

    def fill(self, daemon):
        with self.filler.open("wb", buffering=0) as file:
            for size in (1 << 16, 1 << 10, 1):
                try:
                    while True:
                        file.write(bytes(size))
                except OSError:
                    pass

    def relieve(self, daemon):
        self.filler.unlink()


class FileLimit:
    """A limit on the size of the files that the daemon writes."""

    def __init__(self, folder):
        self.folder = folder

    @staticmethod
    def limit(daemon, size):
        pid = str(daemon.process.pid)
        subprocess.run(["prlimit", "--pid", pid, f"--fsize={size}"], check=True)

    def fill(self, daemon):
        self.limit(daemon, "4096:")

    def relieve(self, daemon):
        self.limit(daemon, "unlimited:")


@pytest.fixture(scope="module")
def disk(tmp_path_factory):
    folder = tmp_path_factory.mktemp("disk")
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(folder)]
    try:
        mounted = subprocess.run(mount, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        mounted = False
    if mounted:
        yield SmallDisk(folder)
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
        return
    own = ["prlimit", "--pid", str(os.getpid())]
    try:
        limited = subprocess.run(own, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        limited = False
    if not limited:
        pytest.skip("neither a small file system can be mounted nor a file limited: no full disk")
    yield FileLimit(folder)


WAYS = [CREATE, RESPOND, AGENT_JSON, AGENT_SSE, WIDGET_JSON, WIDGET_LINES]


def exhaust(ask):
    """Asks until the answer is that there is no room; that one."""
    for _ in range(ATTEMPTS):
        answer = ask("é" * 3000)
        if answer.status == 503:
            return answer
        # The room may last for the beginning of a turn and not for its end.
        assert answer.status in (200, 201, 202, 500), bytes(answer.body)
    raise AssertionError(f"{ATTEMPTS} turns found room on a full disk")


def background(daemon, agent, text):
    body = {"agent": agent.slug, "message": text}
    return fetch(daemon.port, "POST", "/v1/streams", body, asking.key("streams"))


def unreadiness(daemon, agent):
    """What /readyz says behind a change that the disk did not take. Something smaller that it did
    take meanwhile makes the daemon ready again: then None."""
    exhaust(lambda text: background(daemon, agent, text))
    answer = fetch(daemon.port, "GET", "/readyz")
    return answer if answer.status == 503 else None


def plain(daemon, agent, path, stream):
    messages = [{"role": "user", "content": "Hi"}]
    body = {"model": agent.model, "messages": messages, "stream": stream}
    return fetch(daemon.port, "POST", path, body, asking.key("completions"))


def test_a_full_disk_and_its_end(start, disk, model, agent, widget, session):
    daemon = start({"archive": {"file": str(disk.folder / "conversations.db")}})
    for one in (agent, widget):
        model.script(one.model, [{"answer": "Hello"}])
    kept = asking.opened(daemon, agent, "Keep this")
    record = asking.record(daemon, kept)
    conversations = {
        way: RESPOND.begin(daemon, agent, session) if way is RESPOND else session
        for way in (RESPOND, WIDGET_JSON, WIDGET_LINES)
    }
    disk.fill(daemon)
    try:
        for way in WAYS:
            place = conversations.get(way)
            refused = exhaust(
                lambda text, way=way, place=place: way.ask(daemon, way.agent(agent), text, place)
            )
            check(refused, way.api, 503, way.path)
        refused = exhaust(lambda text: background(daemon, agent, text))
        check(refused, "streams", 503)
        assert read(refused)["error"]["code"] == "storage_unavailable"

        # What needs no room goes on.
        for stream in (True, False):
            assert plain(daemon, agent, "/v1/chat/completions", stream).status == 200
        begun = plain(daemon, agent, "/v1/streams", True)
        assert begun.status == 202
        events = stream_events(follow(daemon, begun.header("location")).body)
        assert events[-1].name == "done"
        assert asking.record(daemon, kept) == record
        assert fetch(daemon.port, "GET", "/healthz").status == 200
        unready = wait_until(lambda: unreadiness(daemon, agent), "the daemon to be unready")
        assert unready.json()["reason"] == "archive"
        assert daemon.metrics()['deltad_archive_failures_total{reason="full"}'] > 0
    finally:
        disk.relieve(daemon)
    wait_until(lambda: asking.respond(daemon, kept, "More").status == 200, "the store to mend")
    assert fetch(daemon.port, "GET", "/readyz").status == 200
    for way in WAYS:
        answer = way.ask(daemon, way.agent(agent), "Hi", conversations.get(way))
        way.check_reply(answer, "Hello")
    daemon.restart()
    said = asking.said(asking.record(daemon, kept))
    assert said == asking.turns("Keep this", "Hello", "More", "Hello")
    assert json.loads(asking.say(daemon, session).body)["message"] == "Hello"
    daemon.stop()
