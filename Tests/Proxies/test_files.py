"""The times and sizes in the shipped files fit the daemon's defaults."""

import re

import pytest
from Support.processes import ROOT

from .configurations import FILES, shipped

SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600}
BYTES = {"kib": 1 << 10, "k": 1 << 10, "mib": 1 << 20, "m": 1 << 20, "mb": 10**6}


def measure(text, units):
    number, unit = re.fullmatch(r"(\d+)([A-Za-z]+)", text).groups()
    return int(number) * units[unit.lower()]


def default(key, units):
    """The default of a key of etc/deltad.json5 that has such a unit; it is there once."""
    pattern = rf'//{key}: "(\d+(?:{"|".join(units)}))"'
    (value,) = re.findall(pattern, (ROOT / "etc/deltad.json5").read_text(), re.IGNORECASE)
    return measure(value, units)


def directive(name, pattern, units=SECONDS):
    """The value of a directive that is in the file once, outside comments."""
    lines = [line.split("#")[0] for line in shipped(name).splitlines()]
    (value,) = re.findall(rf"^\s*{pattern} (\w+);?\s*$", "\n".join(lines), re.MULTILINE)
    return measure(value, units)


@pytest.mark.parametrize("name, pattern", [
    ("nginx", "proxy_read_timeout"), ("haproxy", "timeout server"),
])
def test_silence_may_last_longer_than_heartbeats_and_whole_answers_do(name, pattern):
    value = directive(name, pattern)
    assert value >= 2 * default("heartbeat", SECONDS)
    assert value > default("total", SECONDS) + default("queue", SECONDS)


@pytest.mark.parametrize("name, pattern", [
    ("nginx", "send_timeout"), ("haproxy", "timeout client"),
])
def test_a_reader_that_takes_nothing_is_given_up_by_the_daemon_first(name, pattern):
    assert directive(name, pattern) > default("stall", SECONDS)


@pytest.mark.parametrize("name, pattern", [
    ("nginx", "keepalive_timeout"), ("caddy", "keepalive"),
])
def test_a_kept_connection_is_given_up_by_the_proxy_first(name, pattern):
    assert directive(name, pattern) < default("keepAlive", SECONDS)


@pytest.mark.parametrize("name, pattern", [
    ("nginx", "client_max_body_size"), ("caddy", "max_size"),
])
def test_a_body_that_is_too_large_is_refused_by_the_daemon(name, pattern):
    assert directive(name, pattern, BYTES) > default("body", BYTES)


@pytest.mark.parametrize("name, words", {
    "nginx": ["non_idempotent", "$proxy_add_x_forwarded_for"],
    "caddy": ["encode", "flush_interval", "trusted_proxies", "lb_try_duration", "write"],
    "haproxy": ["compression", "forwardfor", "option redispatch"],
}.items())
def test_what_would_break_it_is_not_there(name, words):
    text = "\n".join(line.split("#")[0] for line in shipped(name).splitlines())
    assert [word for word in words if re.search(rf"(?<!\w){re.escape(word)}\b", text)] == []


@pytest.mark.parametrize("name", FILES)
def test_a_line_is_at_most_100_columns(name):
    assert [line for line in shipped(name).splitlines() if len(line.expandtabs(4)) > 100] == []
