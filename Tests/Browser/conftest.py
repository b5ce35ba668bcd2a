"""A browser for the whole folder, and pages in which nothing may go wrong unseen."""

import copy

import pytest
from playwright.sync_api import expect, sync_playwright
from Proxies.configurations import HOST_NAME
from Proxies.conftest import certificate, start_proxy
from Relay.conftest import RUNNING, model, name, pytest_runtest_makereport, start
from Support.processes import PATIENCE

from .cutting import Line
from .entrances import PROTOCOLS, Entrance
from .watching import Watch

__all__ = ["certificate", "model", "name", "pytest_runtest_makereport", "start", "start_proxy"]

CHROMIUM = "/usr/bin/chromium"
SETTINGS = {
    "models": [{"id": "story", "upstream": "scripted"}, {"id": "*", "upstream": "scripted"}],
    "agents": [{"id": "agent_guide", "slug": "guide", "name": "Guide", "model": "guided",
                "prompt": "You show the island."}],
    "rates": {},
}

expect.set_options(timeout=PATIENCE * 1000)


@pytest.fixture(scope="package")
def browser():
    # Its loop runs as long as it does: tests of other folders have loops of their own.
    with sync_playwright() as playwright:
        # The name of the certificate is resolved by the browser alone.
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[
            "--no-sandbox", "--disable-dev-shm-usage",
            f"--host-resolver-rules=MAP {HOST_NAME} 127.0.0.1"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def daemon(start, request):
    """The module's daemon, with its `SETTINGS` beside those of the folder where it has any."""
    return start({**copy.deepcopy(SETTINGS), **getattr(request.module, "SETTINGS", {})})


@pytest.fixture
def contexts(browser):
    """Makes browser contexts, which share nothing; what went wrong in one fails the test."""
    made = []

    def make(allowed=(), **options):
        context = browser.new_context(**options)
        context.set_default_timeout(PATIENCE * 1000)
        watch = Watch(context, allowed)
        made.append((context, watch))
        return context

    yield make
    for context, watch in made:
        context.close()
        assert watch.complaints == []


@pytest.fixture
def context(contexts):
    return contexts()


@pytest.fixture
def page(context, daemon):
    """The daemon's page, ready to be asked."""
    page = context.new_page()
    page.goto(daemon.url)
    expect(page.locator("#target option")).not_to_have_count(0)
    return page


@pytest.fixture(scope="module")
def make_entrance(start_proxy):
    """Makes ways to a daemon: `make_entrance(protocol, daemon)`."""
    made = []

    def make(protocol, daemon):
        made.append(Entrance(protocol, daemon, start_proxy))
        return made[-1]

    yield make
    for entrance in made:
        entrance.close()


@pytest.fixture(scope="module", params=PROTOCOLS)
def entrance(request, daemon, make_entrance):
    """Each of the ways to the module's daemon."""
    return make_entrance(request.param, daemon)


@pytest.fixture
def line(daemon):
    """A line to the daemon that can be cut."""
    line = Line(daemon.port)
    yield line
    line.close()

