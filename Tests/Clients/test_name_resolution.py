"""Upstreams with names: what becomes of a request, and of all others, while a name is looked up.

One event loop serves everything here: what it waits for, everybody waits for. Where the tests may
not give a process its own name server (they take root) they are skipped, but for the first.
"""

import concurrent.futures

import httpx
import nameserver
import pytest
from processes import PATIENCE

needs_name_server = pytest.mark.skipif(
    nameserver.missing() is not None, reason=f"a name server: {nameserver.missing()}")
MESSAGES = [{"role": "user", "content": "Hi"}]


@pytest.fixture
def names(tmp_path):
    names = nameserver.NameServer(tmp_path)
    yield names
    names.stop()


@pytest.fixture
def later():
    """A thread for requests that must not be waited for."""
    with concurrent.futures.ThreadPoolExecutor() as executor:
        yield executor


@pytest.fixture
def start_relay(start_daemon, configuration):
    """A daemon with the model `named` at another host, and the others where they always are."""

    def start(host, port=80, timeouts=None, **changes):
        named = {"name": "named", "kind": "openai", "baseURL": f"http://{host}:{port}/v1"}
        return start_daemon(
            upstreams=[*configuration["upstreams"], {**named, "timeouts": timeouts or {}}],
            models=[{"id": "named", "upstream": "named"}, *configuration["models"]],
            loops=1,
            **changes,
        )

    return start


def ask(daemon, model, timeout=PATIENCE, stream=True):
    body = {"model": model, "messages": MESSAGES, "stream": stream}
    return httpx.post(f"{daemon.url}/v1/chat/completions", json=body, timeout=timeout)


def others_go_on(daemon, script):
    """Whole exchanges with another upstream and with the daemon alone, on the one loop."""
    name = script([{"answer": "Hello"}])
    for _ in range(3):
        assert ask(daemon, name, stream=False).json()["choices"][0]["message"]["content"] == "Hello"
        assert ask(daemon, "demo").text.endswith("data: [DONE]\n\n")
        assert httpx.get(f"{daemon.url}/healthz", timeout=PATIENCE).json() == {"status": "ok"}
    return True


def is_unreachable(answer):
    assert (answer.status_code, answer.json()["error"]["code"]) == (502, "upstream_unreachable")
    return True


def test_a_name_that_does_not_resolve_is_502(start_relay, script):
    # The top-level domain that never exists (RFC 6761, section 6.4), and a bound for the machine's
    # own resolver where nobody answers it.
    daemon = start_relay("nobody.invalid", timeouts={"connect": "30s"},
                         variables={"RES_OPTIONS": "timeout:1 attempts:1"})
    answer = ask(daemon, "named")
    assert is_unreachable(answer) and "nobody" not in answer.text
    daemon.wait_for_log(r"warning upstream .*upstream=named fault=connect ")
    assert others_go_on(daemon, script)


@needs_name_server
def test_a_name_that_does_not_exist_is_502_and_delays_nobody(start_relay, names, later, script):
    daemon = start_relay("nobody.example", wrapper=names.wrapper)
    answer = later.submit(ask, daemon, "named")
    names.wait_for("nobody.example")
    assert others_go_on(daemon, script)
    assert not answer.done()
    names.release()
    assert is_unreachable(answer.result(PATIENCE))
    daemon.wait_for_log(r"warning upstream .*upstream=named fault=connect ")


@needs_name_server
def test_an_answer_comes_when_the_name_is_known(start_relay, names, later, model, script):
    model.script("named", [{"answer": "Found"}])
    daemon = start_relay("somebody.example", model.port, wrapper=names.wrapper)
    answers = [later.submit(ask, daemon, "named", stream=False) for _ in range(3)]
    names.wait_for("somebody.example")
    assert others_go_on(daemon, script)
    names.release("127.0.0.1")
    for answer in answers:
        message = answer.result(PATIENCE).json()["choices"][0]["message"]
        assert message["content"] == "Found"
    records = model.log("named")
    assert [r["headers"]["host"] for r in records] == [f"somebody.example:{model.port}"] * 3


@needs_name_server
@pytest.mark.parametrize("limit", ["connect", "firstEvent"])
def test_a_name_that_is_not_known_in_time_is_504_and_delays_nobody(
    start_relay, names, later, script, limit
):
    daemon = start_relay("slow.example", timeouts={limit: "200ms"}, wrapper=names.wrapper)
    try:
        answer = later.submit(ask, daemon, "named")
        names.wait_for("slow.example")
        answer = answer.result(PATIENCE)
        assert (answer.status_code, answer.json()["error"]["code"]) == (504, "upstream_timeout")
        assert others_go_on(daemon, script)
    finally:
        names.release()


@needs_name_server
def test_who_leaves_while_a_name_is_looked_up_delays_nobody(start_relay, names, script):
    daemon = start_relay("slow.example", wrapper=names.wrapper,
                         streams={"whenUnread": {"grace": "0s"}})
    try:
        with pytest.raises(httpx.ReadTimeout):
            ask(daemon, "named", timeout=0.5)
        names.wait_for("slow.example")
        assert others_go_on(daemon, script)
        daemon.wait_for_log(r"generation .*model=named .*end=cancelled")
    finally:
        names.release()


@needs_name_server
def test_the_daemon_ends_while_a_name_is_looked_up(start_relay, names, later):
    daemon = start_relay("slow.example", wrapper=names.wrapper)
    try:
        answer = later.submit(ask, daemon, "named")
        names.wait_for("slow.example")
        daemon.stop()
        answer = answer.result(PATIENCE)
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "shutting_down")
    finally:
        names.release()
