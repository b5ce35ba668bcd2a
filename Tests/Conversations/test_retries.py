"""Retries behind an answer that has begun: its readers see one answer, and notice nothing."""

import json

from Relay.wire import Exchange, fetch

from .daemons import SECRETS

REFUSAL = [{"head": {"status": 503}}, {"json": {"error": {"message": "no"}}}]


def test_a_widget_that_has_its_start_line_does_not_notice(start, model, widget, session):
    daemon = start({}, {"retry": {"retries": 2, "base": "1ms"}})
    held = [{"gate": widget.model}, *REFUSAL]
    model.script(widget.model, REFUSAL, held, [{"answer": "Hello there"}])
    fields = {"x-api-key": SECRETS["widget"]}
    body = {"sessionId": session, "message": "Hi"}
    with Exchange(daemon.port, "POST", "/v1/chat/stream", body, fields) as exchange:
        exchange.read_body(b'"type":"start"')
        model.wait(widget.model, "attempt", 2)
        model.open(widget.model)
        lines = [json.loads(line) for line in exchange.whole().body.splitlines()]
    assert [line["type"] for line in lines].count("start") == 1
    assert (lines[-1]["type"], lines[-1]["message"]) == ("done", "Hello there")
    assert len(model.log(widget.model)) == 3


def test_a_chats_message_is_stored_once_however_often_the_model_was_asked(start, model, agent):
    daemon = start({}, {"retry": {"retries": 2, "base": "1ms"}})
    model.script(agent.model, REFUSAL, REFUSAL, [{"answer": "Hello there"}])
    fields = {"X-API-Key": SECRETS["alice"]}
    made = fetch(daemon.port, "POST", "/v1/chats", {"agentId": agent.id, "input": "Hi"}, fields)
    assert made.status == 201, bytes(made.body)
    chat = fetch(daemon.port, "GET", f"/v1/chats/{made.json()['chatId']}", headers=fields)
    assert [m["role"] for m in json.loads(chat.body)["messages"]] == ["user", "assistant"]


def test_an_upstreams_long_wish_is_told_in_the_dialect_of_the_api(start, model, agent):
    daemon = start({}, {"retry": {"retries": 2, "base": "1ms"}})
    model.script(agent.model, [{"head": {"status": 429, "headers": {"Retry-After": "90"}}}])
    fields = {"Authorization": f"Bearer {SECRETS['alice']}"}
    body = {"message": "Hi", "stream": False}
    answer = fetch(daemon.port, "POST", f"/v1/api/chat/{agent.slug}", body, fields)
    assert (answer.status, answer.header("retry-after")) == (500, "90")
    assert len(model.log(agent.model)) == 1
