"""The QR codes of web/qr.js, read by a decoder that knows nothing of it."""

import pytest
import zxingcpp
from PIL import Image

SCALE, QUIET = 3, 4  # pixels a module; modules
LONGEST = 106  # bytes
LINK = "https://relay.example.com/#strm_0" + "AbCdEfGhIjKlMnOpQrStUv0123456789" * 3


@pytest.fixture(scope="module")
def encoder(browser, daemon):
    page = browser.new_page()
    page.goto(f"{daemon.url}/openapi.json")
    yield lambda texts: page.evaluate("""async texts => {
      const { qr } = await import("/qr.js")
      return texts.map(qr)
    }""", texts)
    page.close()


def decoded(rows):
    size = len(rows) + 2 * QUIET
    picture = Image.new("L", (size, size), 255)
    for y, row in enumerate(rows):
        for x, dark in enumerate(row):
            picture.putpixel((x + QUIET, y + QUIET), 0 if dark else 255)
    (code,) = zxingcpp.read_barcodes(picture.resize((SCALE * size,) * 2))
    assert (code.format, code.ec_level) == (zxingcpp.BarcodeFormat.QRCode, "M")
    return code.text


def test_links_of_every_length_are_read_back(encoder):
    texts = [LINK[:length] for length in range(1, LONGEST + 1)]
    assert [decoded(rows) for rows in encoder(texts)] == texts


def test_letters_beyond_ascii_are_read_back(encoder):
    texts = ["http://bücher.example/#ü", "🌊" * 20, "漢字"]
    assert [decoded(rows) for rows in encoder(texts)] == texts


def test_there_is_no_code_for_what_is_too_long(encoder):
    assert encoder([LINK[:LONGEST] + "x", "🌊" * 27]) == [None, None]
