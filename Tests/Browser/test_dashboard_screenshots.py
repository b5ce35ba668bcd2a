"""The pictures of the dashboard in docs/, made anew when DELTAD_SCREENSHOTS is set."""

import os
import subprocess

import pytest
from PIL import Image
from playwright.sync_api import expect
from Support.processes import DELTALOAD, ROOT, LoadModel

SIZES = {"desktop": {"width": 1440, "height": 1180}, "phone": {"width": 390, "height": 844}}
COLORS = 192  # a palette makes a third of the bytes
SECONDS = 100

pytestmark = pytest.mark.skipif(
    "DELTAD_SCREENSHOTS" not in os.environ, reason="pictures are not asked for")


@pytest.fixture(scope="module")
def busy(start):
    """A daemon with much to do: three models, of which one is not there."""
    models = [LoadModel("--tokens", "120", "--interval", "25ms"),
              LoadModel("--tokens", "60", "--interval", "80ms", "--delay", "700ms")]
    urls = [*(model.base_url for model in models), "http://127.0.0.1:9/v1"]
    upstreams = [
        {"name": name, "kind": "openai", "baseURL": url, "breaker": {"failures": 5, "pause": "20s"}}
        for name, url in zip(("north", "south", "west"), urls, strict=True)
    ]
    daemon = start({
        "loops": 2,
        "upstreams": upstreams,
        "models": [{"id": "small", "upstream": "north"},
                   {"id": "large", "upstream": "west", "fallbacks": ["south"]}],
        "rates": {"completions": {"requests": 900, "per": "1m"}},
        "log": {"perSecond": 1},
    })
    loads = [
        subprocess.Popen(
            [DELTALOAD, "relay", "--url", f"{daemon.url}/v1/chat/completions", "--model", model,
             "-c", clients, "-t", f"{SECONDS}s", "--allow-loss"], stdout=subprocess.DEVNULL)
        for model, clients in (("small", "40"), ("large", "12"))
    ]
    yield daemon
    for process in loads:
        process.kill()
        process.wait()
    for model in models:
        model.stop()


def test_pictures_are_taken_under_load(contexts, busy):
    pages = {}
    for size, viewport in SIZES.items():
        for scheme in ("light", "dark"):
            page = contexts(viewport=viewport, color_scheme=scheme).new_page()
            page.goto(busy.url + "/dashboard")
            pages[f"{size}-{scheme}"] = page
    for page in pages.values():
        expect(page.locator("#verdict")).to_have_text("Ready")
    # So much time has to be in them.
    page.wait_for_timeout((SECONDS - 20) * 1000)
    for name, page in pages.items():
        file = ROOT / f"docs/dashboard-{name}.png"
        page.screenshot(path=file)
        Image.open(file).convert("RGB").quantize(COLORS).save(file, optimize=True)
