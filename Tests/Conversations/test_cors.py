"""Pages of other origins: which may ask, and what they are told."""

import pytest
from Relay.wire import Exchange, fetch

from . import asking
from .faults import check

SHOP, OTHER = "https://shop.example", "http://localhost:5173"
EVIL = [
    "https://evil.example",
    "http://shop.example",
    "https://shop.example:8443",
    "https://shop.example.evil.example",
    "https://www.shop.example",
    "https://shop.example/",
    "HTTPS://SHOP.EXAMPLE",
    "null",
]
SETTINGS = {"cors": {"origins": [SHOP, OTHER]}}
WIDGET_METHODS = "GET,POST,OPTIONS"
WIDGET_HEADERS = "Content-Type,x-api-key,x-widget-api-key,x-admin-api-key"

# The paths of each API, and a method that each has.
PATHS = [
    ("widget", "POST", asking.WIDGET_JSON),
    ("widget", "POST", asking.WIDGET_LINES),
    ("widget", "POST", "/chat"),
    ("widget", "GET", asking.CONVERSATIONS),
    ("chats", "POST", asking.CHATS),
    ("chats", "PATCH", f"{asking.CHATS}/chat_1"),
    ("agents", "POST", asking.agent_path("slot-1")),
    ("agents", "POST", asking.agent_path("slot-1", alias=True)),
]


def check_fields(answer, origin):
    assert answer.header("access-control-allow-origin") == origin
    assert "origin" in (answer.header("vary") or "").lower()
    assert answer.header("access-control-allow-credentials") is None


def preflight(daemon, path, origin, method="POST", headers="content-type"):
    asked = {"Access-Control-Request-Method": method, "Access-Control-Request-Headers": headers}
    return fetch(daemon.port, "OPTIONS", path, headers={"Origin": origin, **asked})


@pytest.mark.parametrize("origin", [SHOP, OTHER])
def test_an_allowed_origin_is_told_so(daemon, model, agent, widget, session, origin):
    for one in (agent, widget):
        model.script(one.model, [{"answer": "Hello"}])
    headers = {"Origin": origin}
    paths = (asking.WIDGET_JSON, asking.WIDGET_LINES, "/chat")
    answers = [asking.say(daemon, session, path=path, headers=headers) for path in paths]
    answers.append(asking.create(daemon, agent, headers=headers))
    answers += [asking.message(daemon, agent, headers=headers, stream=s) for s in (True, False)]
    for answer in answers:
        assert answer.status in (200, 201)
        check_fields(answer, origin)


@pytest.mark.parametrize("origin", EVIL)
@pytest.mark.parametrize(("api", "method", "path"), PATHS)
def test_another_origin_is_blocked_before_anything_else(daemon, api, method, path, origin):
    """Before the key and the method too."""
    for each, key in ((method, asking.key(api)), (method, {}), ("PUT", {})):
        answer = fetch(daemon.port, each, path, None, {**key, "Origin": origin})
        check(answer, api, 403, path)
        assert answer.header("access-control-allow-origin") is None
        assert "origin" in answer.header("vary").lower()


@pytest.mark.parametrize(("api", "method", "path"), PATHS)
def test_a_page_of_our_own_may_ask(daemon, api, method, path):
    answer = fetch(daemon.port, method, path, None, {"Origin": "http://localhost"})
    check(answer, api, 401, path)


@pytest.mark.parametrize(("api", "method", "path"), PATHS)
def test_errors_can_be_read_by_the_page(daemon, api, method, path):
    headers = {"Origin": SHOP}
    check(refused := fetch(daemon.port, method, path, None, headers), api, 401, path)
    check_fields(refused, SHOP)
    check(refused := fetch(daemon.port, "PUT", path, None, headers), api, 405, path)
    check_fields(refused, SHOP)
    if method == "POST":
        headers |= asking.key(api)
        check(refused := fetch(daemon.port, method, path, b"{", headers), api, 400, path)
        check_fields(refused, SHOP)


def test_a_refusal_for_the_rate_can_be_read_too(start, session):
    daemon = start({**SETTINGS, "rates": {"widget": {"requests": 1, "per": "24h"}}})
    for status in (401, 429):
        answer = fetch(daemon.port, "POST", asking.WIDGET_JSON, {}, {"Origin": SHOP})
        check(answer, "widget", status)
        check_fields(answer, SHOP)


@pytest.mark.parametrize(("api", "method", "path"), PATHS)
def test_who_has_no_origin_is_told_that_it_matters(daemon, api, method, path):
    answer = fetch(daemon.port, method, path, None)
    check(answer, api, 401, path)
    check_fields(answer, None)


@pytest.mark.parametrize(("api", "method", "path"), PATHS[:4])
def test_the_widgets_preflight_is_this(daemon, api, method, path):
    for asked in (method, "DELETE"):
        answer = preflight(daemon, path, SHOP, asked, "x-api-key,content-type")
        assert answer.status == 204
        check_fields(answer, SHOP)
        assert answer.header("access-control-allow-methods") == WIDGET_METHODS
        assert answer.header("access-control-allow-headers") == WIDGET_HEADERS
        assert answer.header("access-control-max-age") == "7200"


OTHERS = [
    (asking.CHATS, {"GET", "POST"}, {"content-type", "x-api-key"}),
    (asking.RESPONSE, {"POST"}, {"content-type", "x-api-key"}),
    (f"{asking.CHATS}/chat_1", {"GET", "PATCH", "DELETE"}, {"content-type", "x-api-key"}),
    (f"{asking.CHATS}/chat_1/end", {"PATCH", "POST", "PUT"}, {"content-type", "x-api-key"}),
    (asking.agent_path("slot-1"), {"POST"}, {"content-type", "authorization"}),
    ("/v1/chat/completions", {"POST"}, {"content-type", "authorization"}),
    ("/v1/streams", {"POST"}, {"content-type", "authorization"}),
]


@pytest.mark.parametrize(("path", "methods", "headers"), OTHERS)
def test_the_other_apis_preflights_have_their_methods_and_headers(daemon, path, methods, headers):
    answer = preflight(daemon, path, SHOP)
    assert answer.status == 204
    check_fields(answer, SHOP)
    told = answer.header("access-control-allow-methods").split(",")
    assert methods <= {method.strip() for method in told}
    told = answer.header("access-control-allow-headers").lower().split(",")
    assert headers <= {name.strip() for name in told}


@pytest.mark.parametrize("origin", EVIL)
def test_a_preflight_of_another_origin_is_blocked(daemon, origin):
    answer = preflight(daemon, asking.WIDGET_JSON, origin)
    check(answer, "widget", 403)
    assert answer.header("access-control-allow-origin") is None


def test_with_a_star_every_origin_is_reflected(start, model, widget, session):
    daemon = start({"cors": {"origins": ["*"]}})
    model.script(widget.model, [{"answer": "Hello"}])
    for origin in (SHOP, "https://evil.example"):
        check_fields(asking.say(daemon, session, headers={"Origin": origin}), origin)
        check_fields(preflight(daemon, asking.WIDGET_JSON, origin), origin)


def test_where_no_origin_is_configured_nothing_of_it_happens(start, model, widget, session):
    daemon = start()
    model.script(widget.model, [{"answer": "Hello"}])
    answer = asking.say(daemon, session, headers={"Origin": "https://evil.example"})
    assert answer.status == 200
    names = {name for name, _ in answer.headers}
    assert "vary" not in names and not any(name.startswith("access-control") for name in names)


@pytest.mark.parametrize("path", ["/metrics", "/readyz", "/dashboard/events"])
def test_figures_are_for_no_page_of_another_origin(start, path):
    daemon = start({"cors": {"origins": ["*"]}})
    with Exchange(daemon.port, "GET", path, headers={"Origin": SHOP}) as exchange:
        answer = exchange.head()
    assert answer.status == 200
    assert answer.header("access-control-allow-origin") is None
    assert fetch(daemon.port, "GET", "/healthz", headers={"Origin": SHOP}).status == 200
