"""The page's readers when the daemon dies, and another one takes up what it had stored."""

import copy

import pytest
from Support.processes import Daemon, wait_until

from .conftest import SETTINGS
from .cutting import Line
from .reading import ready
from .stories import PARTS, WHOLE, Story

NETWORK = ["net::ERR_"]
INTERRUPTED = "the daemon stopped before the answer was complete"


class Killed:
    """A daemon that can be killed, and begun again with the same archive."""

    def __init__(self, model, folder, journal):
        self.folder = folder
        self.settings = {
            **copy.deepcopy(SETTINGS), "archive": {"file": "deltad.db", "journal": journal},
            "upstreams": [{"name": "scripted", "kind": "openai", "baseURL": model.base_url}],
            "loops": 2,
        }
        self.start()
        self.line = Line(self.daemon.port)

    def start(self):
        self.daemon = Daemon(self.settings, self.folder)

    def kill(self):
        self.daemon.process.kill()
        self.daemon.process.wait()

    def come_back(self):
        self.start()
        self.line.mend(self.daemon.port)


@pytest.fixture
def run(model, tmp_path):
    run = []

    def start(journal):
        run.append(Killed(model, tmp_path, journal))
        return run[-1]

    yield start
    for killed in run:
        killed.line.close()
        killed.kill()


def asked(contexts, killed):
    view = ready(contexts(allowed=NETWORK).new_page(), killed.line)
    view.ask()
    return view


@pytest.mark.parametrize("journal", ["50ms", "1m"])
def test_what_was_read_stays_and_everybody_hears_that_it_was_interrupted(
    contexts, run, model, name, journal
):
    killed, story = run(journal), Story(model, "story", name)
    view = asked(contexts, killed)
    view.expect_text(PARTS[0])
    # That it has begun is stored, and with the longer interval no word of it.
    wait_until(lambda: killed.daemon.metrics()["deltad_archive_changes_total"] > 0, "a commit")
    story.tell()
    view.expect_text("".join(PARTS[:2]))
    killed.kill()
    view.expect_states("coming back")
    killed.come_back()
    view.expect_states(INTERRUPTED)
    view.expect_end(f"^Not complete: {INTERRUPTED}")
    view.expect_text("".join(PARTS[:2]))
    Story(model, "story", f"{name}-again").finish()
    view.ask()
    view.expect_end("^Complete")
    view.expect_text(WHOLE)
