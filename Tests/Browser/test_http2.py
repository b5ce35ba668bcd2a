"""The page behind nginx as shipped, over TLS and HTTP/2: each viewer has a stream of its own."""

from playwright.sync_api import expect
from Proxies.conftest import certificate, start_proxy
from Proxies.configurations import HOST_NAME

from .conftest import CHROMIUM
from .reading import View
from .stories import PARTS, WHOLE, Story, snapshot

__all__ = ["certificate", "start_proxy"]


def test_ten_viewers_have_ten_streams(browser, daemon, start_proxy, model, name):
    proxy = start_proxy("nginx", f"127.0.0.1:{daemon.port}")
    story = Story(model, "story", name)
    # The name of the certificate is resolved by the browser alone.
    other = browser.browser_type.launch(executable_path=CHROMIUM, args=[
        "--no-sandbox", f"--host-resolver-rules=MAP {HOST_NAME} 127.0.0.1"])
    try:
        page = other.new_context(ignore_https_errors=True).new_page()
        page.goto(f"https://{HOST_NAME}:{proxy.port}/")
        expect(page.locator("#target option")).not_to_have_count(0)
        view = View(page)
        view.ask()
        view.expect_text(PARTS[0])
        for _ in range(7):
            page.click("#more")
        story.tell()
        view.expect_text("".join(PARTS[:2]), viewers=10)
        assert snapshot(daemon, view.stream())["subscribers"] == 11
        expect(page.locator("[data-part=note]:visible")).to_have_count(0)
        story.finish()
        view.expect_text(WHOLE, viewers=10)
    finally:
        other.close()
