"""A store that cannot be used: the daemon says why, and does not start."""

import os
import sqlite3
import stat

import pytest

from . import asking
from .daemons import configured, refusal

NOWHERE = "http://127.0.0.1:9/v1"


def refused(folder, store="conversations.db"):
    """What a daemon says that has this store; it must be one line, and name the store."""
    configuration = configured({"archive": {"file": store}}, NOWHERE)
    status, said = refusal(configuration, folder)
    assert status == 1, said
    lines = said.splitlines()
    assert len(lines) == 1, said
    assert store.rpartition("/")[2] in said
    return lines[0]


CONTENTS = {
    "a text": b"These are my notes, and no database at all.\n" * 50,
    "a short text": b"notes",
    "zeros": bytes(8192),
    "the head of a database alone": b"SQLite format 3\0" + bytes(range(84)),
    "noise": bytes(number * 37 % 251 for number in range(10_000)),
}


@pytest.mark.parametrize("contents", CONTENTS)
def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path, contents):
    store = tmp_path / "conversations.db"
    store.write_bytes(CONTENTS[contents])
    refused(tmp_path)
    assert store.read_bytes() == CONTENTS[contents]


def test_another_programs_database_is_refused_and_left_alone(tmp_path):
    store = tmp_path / "conversations.db"
    with sqlite3.connect(store) as database:
        database.execute("CREATE TABLE notes (text)")
        database.execute("INSERT INTO notes VALUES ('mine')")
    database.close()
    before = store.read_bytes()
    refused(tmp_path)
    assert store.read_bytes() == before


def test_a_directory_is_refused(tmp_path):
    (tmp_path / "conversations.db").mkdir()
    refused(tmp_path)


def test_a_place_that_is_not_there_is_refused(tmp_path):
    (tmp_path / "file").write_text("no folder")
    refused(tmp_path, "file/conversations.db")


def test_a_device_is_refused(tmp_path):
    refused(tmp_path, "/dev/null")


def test_a_store_in_use_is_refused_and_its_owner_goes_on(start, model, agent, tmp_path):
    owner = start()
    model.script(agent.model, [{"answer": "Hello"}])
    chat = asking.opened(owner, agent)
    refused(tmp_path, str(owner.store))
    assert asking.respond(owner, chat).status == 200
    # As soon as it is free another one may have it.
    owner.stop()
    heir = start({"archive": {"file": str(owner.store)}})
    assert asking.respond(heir, chat).status == 200


def test_a_store_is_free_again_when_its_owner_was_killed(start):
    daemon = start()
    for _ in range(3):
        daemon.kill()
        daemon.start()


def test_the_store_is_for_its_owners_eyes(start):
    daemon = start()
    for file in daemon.store.parent.glob(daemon.store.name + "*"):
        assert stat.S_IMODE(os.stat(file).st_mode) & 0o077 == 0, file


def test_the_store_is_a_sound_database_afterwards(start, model, agent, widget, session):
    daemon = start()
    for one in (agent, widget):
        model.script(one.model, [{"answer": "Hello"}])
    chat = asking.opened(daemon, agent)
    asking.respond(daemon, chat)
    asking.message(daemon, agent)
    asking.say(daemon, session)
    for end in (daemon.kill, daemon.stop):
        end()
        database = sqlite3.connect(daemon.store)
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert database.execute("PRAGMA foreign_key_check").fetchall() == []
        database.close()
        daemon.start()
    assert asking.record(daemon, chat)["status"] == "in_progress"


def test_what_people_say_is_not_in_the_log(start, model, agent, widget, session):
    daemon = start({"log": {"level": "debug"}})
    for one in (agent, widget):
        model.script(one.model, [{"answer": "Qibberish"}])
    asking.create(daemon, agent, "Zwordle", dynamicVariables={"name": "Xavierine"})
    asking.message(daemon, agent, "Zwordle", stream=True)
    asking.say(daemon, session, "Zwordle")
    for word in ("Qibberish", "Zwordle", "Xavierine"):
        assert word not in daemon.log()


def test_without_a_file_the_state_directory_has_it_and_without_that_nothing_is_kept(
    start, tmp_path
):
    home = start({"archive": {}}, wrapper=("env", f"STATE_DIRECTORY={tmp_path}:/elsewhere"))
    assert (tmp_path / "deltad.db").exists()
    assert "end with the daemon" not in home.log_tail(100)
    home.stop()
    home = start({"archive": {}}, wrapper=("env", "-u", "STATE_DIRECTORY"))
    assert "conversations end with the daemon: archive.file is not set" in home.log_tail(100)
    assert not list(home.folder.glob("*.db"))
