"""Completions: what the upstream's events say arrives at the client byte for byte."""

import base64
import re

import pytest

from . import asking
from .events import DONE, payloads
from .wire import fetch

# Texts of events as providers send them, and as they could: the client gets these very bytes.
EVENTS = {
    "role": '{"id":"c1","object":"chat.completion.chunk","choices":[{"index":0,"delta":'
    '{"role":"assistant","content":""},"finish_reason":null}]}',
    "unknown fields": '{"choices":[{"index":0,"delta":{"content":"a","mood":{"x":[1,2.50,-0,'
    '1E+2]}},"seen":null}],"system_fingerprint":"fp_1","provider":"P","x_extra":[{},[]]}',
    "tool call begins": '{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"call_1",'
    '"type":"function","function":{"name":"look_up","arguments":""}}]}}]}',
    "tool call goes on": '{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":'
    '{"arguments":"{\\"q\\": \\"\\\\u00e9\\"}"}}]}}]}',
    "reasoning_content": '{"choices":[{"index":0,"delta":{"reasoning_content":"hm",'
    '"content":null}}]}',
    "reasoning": '{"choices":[{"index":0,"delta":{"reasoning":"well",'
    '"reasoning_details":[{"t":1}]}}]}',
    "logprobs": '{"choices":[{"index":0,"delta":{"content":"b"},"logprobs":{"content":[{"token":'
    '"b","logprob":-0.000012345678901234567,"bytes":[98],"top_logprobs":[]}],"refusal":null}}]}',
    "refusal": '{"choices":[{"index":0,"delta":{"refusal":"I will not."}}]}',
    "second choice": '{"choices":[{"index":1,"delta":{"content":"other"},"finish_reason":null}]}',
    "usage null": '{"choices":[{"index":0,"delta":{"content":"c"}}],"usage":null}',
    "filter results": '{"choices":[],"prompt_filter_results":[{"prompt_index":0,'
    '"content_filter_results":{"hate":{"filtered":false,"severity":"safe"}}}]}',
    "odd spacing": ' {  "choices" :\t[ { "index":0 , "delta" : { "content" : " d " } } ] }  ',
    "escapes": '{"choices":[{"index":0,"delta":'
    '{"content":"\\u0041\\/\\n\\ud83d\\ude00\\ud83d \\t"}}]}',
    "beyond ASCII": '{"choices":[{"index":0,"delta":{"content":"é 中文 😀 \u2028\u0085"}}]}',
    "keys twice": '{"choices":[],"choices":[{"index":0,"delta":{"content":"e","content":"f"}}]}',
    "several lines": '{\n  "choices": [\n    {"index": 0,\n\t"delta": {"content": "g"}}\n  ]\n}',
    "finish": '{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}',
}

WRITES = {
    "whole": "whole",
    "bytes": "bytes",
    "crlf": "crlf",
    "codepoint": "codepoint",
    "every 7": {"every": 7},
    "at odd places": {"at": [1, 16, 17, 200, 203, 204, 205, 1023, 1024, 1025]},
}


def framed(text, end="\n", comment=""):
    """An event of the stream as an upstream may write it."""
    return comment + "".join(f"data: {line}{end}" for line in text.split("\n")) + end


def tight(text):
    """Without the one space behind `data:` that is not data, unless a line begins with a space."""
    lines = [" " + line if line.startswith(" ") else line for line in text.split("\n")]
    return "".join(f"data:{line}\n" for line in lines) + "\n"


FRAMINGS = {
    "LF": framed,
    "CRLF": lambda text: framed(text, "\r\n"),
    "CR": lambda text: framed(text, "\r"),
    "comments": lambda text: framed(text, comment=": OPENROUTER PROCESSING\n\n:\n"),
    "other fields": lambda text: framed(text, comment="event: message\nid: 7\nretry: 5\nfoo\n"),
    "no space": tight,
}


def expected(texts):
    return b"".join(framed(text).encode() for text in texts) + DONE


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("framing", FRAMINGS)
def test_events_are_passed_on_verbatim(daemon, model, name, framing, write):
    frame = FRAMINGS[framing]
    stream = "".join(frame(text) for text in EVENTS.values()) + frame("[DONE]")
    model.script(name, {"write": WRITES[write], "steps": [{"sse": stream}]})
    answer = asking.complete(daemon, name)
    assert answer.status == 200
    assert bytes(answer.body) == expected(EVENTS.values())


@pytest.mark.parametrize("event", EVENTS)
def test_an_event_is_passed_on_verbatim_alone(daemon, model, name, event):
    stream = framed(EVENTS[event]) + framed(EVENTS["finish"]) + framed("[DONE]")
    model.script(name, [{"sse": stream}])
    answer = asking.complete(daemon, name)
    assert bytes(answer.body) == expected([EVENTS[event], EVENTS["finish"]])


def test_bytes_that_are_not_utf8_are_passed_on(daemon, model, name):
    event = b'{"choices":[{"index":0,"delta":{"content":"\xff\xc3(\xed\xa0\x80"}}]}'
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
    stream = b"data: " + event + b"\n\n" + DONE
    model.script(name, [{"base64": base64.b64encode(head + stream).decode()}])
    assert bytes(asking.complete(daemon, name).body) == stream


def test_an_event_of_a_megabyte_is_passed_on_verbatim(daemon, model, name):
    text = '{"choices":[{"index":0,"delta":{"content":"%s"}}]}' % ("0123456789abcde\\n" * 65536)
    model.script(name, [{"sse": framed(text) + framed("[DONE]")}])
    assert bytes(asking.complete(daemon, name).body) == expected([text])


def test_each_event_leaves_before_the_next_one_comes(daemon, model, name):
    steps = []
    for number in range(5):
        steps += [{"text": f"{number}", "tokens": 1}, {"gate": f"{name}-{number}"}]
    model.script(name, [*steps, {"done": True}])
    with asking.open_completion(daemon, name) as exchange:
        for number in range(5):
            exchange.read_body(b'"content":"%d"' % number)
            assert len(payloads(exchange.answer.body)) == number + 1
            model.open(f"{name}-{number}")
        assert exchange.whole().body.endswith(b"\n\n" + DONE)


@pytest.mark.parametrize("marker", ["[DONE]", " [DONE]", "[DONE] and more", "[DONE]\ntwice"])
def test_what_comes_after_the_marker_is_dropped(daemon, model, name, marker):
    late = framed(EVENTS["role"]) + framed("not JSON")
    model.script(name, [{"sse": framed(EVENTS["finish"]) + framed(marker) + late}])
    assert bytes(asking.complete(daemon, name).body) == expected([EVENTS["finish"]])


@pytest.mark.parametrize("framing", ["chunked", "close", "length"])
def test_the_upstreams_framing_does_not_matter(daemon, model, name, framing):
    stream = framed(EVENTS["role"]) + framed(EVENTS["finish"]) + framed("[DONE]")
    model.script(name, [{"head": {"framing": framing}}, {"sse": stream}])
    answer = asking.complete(daemon, name)
    assert bytes(answer.body) == expected([EVENTS["role"], EVENTS["finish"]])


def test_the_head_of_a_stream(daemon, model, name):
    model.script(name, [{"answer": "Hello there"}])
    request = {"X-Request-Id": "from-the-client"}
    answer = fetch(daemon.port, "POST", asking.COMPLETIONS, asking.body(name), request)
    assert answer.status == 200
    assert answer.header("content-type") == "text/event-stream; charset=utf-8"
    assert answer.header("cache-control") == "no-cache, no-transform"
    assert answer.header("x-accel-buffering") == "no"
    assert answer.header("transfer-encoding") == "chunked"
    assert answer.header("x-request-id") == "from-the-client"
    assert re.fullmatch(r"strm_[0-9A-Za-z]{22,}", answer.header("x-stream-id"))


def test_every_answer_has_ids_of_its_own(daemon, model, name):
    model.script(name, [{"answer": "Hello there"}])
    answers = [asking.complete(daemon, name, stream) for stream in (True, False, True, False)]
    assert len({answer.header("x-request-id") for answer in answers}) == 4
    assert len({answer.header("x-stream-id") for answer in answers}) == 4
