"""The pictures of docs/, made anew when DELTAD_SCREENSHOTS is set."""

import os

import pytest
from PIL import Image
from playwright.sync_api import expect
from Support.processes import ROOT

from .reading import View

SETTINGS = {
    "upstreams": [{"name": "demo", "kind": "demo"}],
    "models": [{"id": "demo", "upstream": "demo"}],
    "agents": [{"id": "agent_demo", "slug": "demo", "name": "Demo", "model": "demo"}],
}
SIZES = {"desktop": {"width": 1280, "height": 800}, "phone": {"width": 390, "height": 1060}}
COLORS = 192  # a palette makes a third of the bytes


@pytest.mark.skipif("DELTAD_SCREENSHOTS" not in os.environ, reason="pictures are not asked for")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_a_picture_is_taken_in_mid_answer(contexts, daemon, size, scheme):
    page = contexts(viewport=SIZES[size], color_scheme=scheme, reduced_motion="reduce").new_page()
    page.goto(daemon.url)
    expect(page.locator("#target option")).not_to_have_count(0)
    view = View(page)
    view.ask("When does the next ferry leave?", target="agent:demo")
    expect(view.answers.last).to_contain_text("These words")
    view.part(1, "drop").click()
    view.part(2, "slow").click()
    expect(view.answers.last).to_contain_text("subscribers as like to listen")
    page.evaluate("scrollTo(0, 0)")
    file = ROOT / f"docs/page-{size}-{scheme}.png"
    page.screenshot(path=file)
    Image.open(file).convert("RGB").quantize(COLORS).save(file, optimize=True)
