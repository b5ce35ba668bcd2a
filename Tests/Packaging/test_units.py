"""systemd has nothing to say against the units, and little is left that the service may do."""

import re
import subprocess


def analyze(*arguments):
    return subprocess.run(
        ["systemd-analyze", *arguments], check=True, capture_output=True, text=True
    )


def test_the_units_are_clean(installed):
    units = sorted((installed / "lib/systemd/system").iterdir())
    assert [unit.name for unit in units] == ["deltad.service", "deltad.socket"]
    result = analyze("verify", "--man=no", "--recursive-errors=no", *units)
    assert result.stdout + result.stderr == ""


def test_what_the_service_may_do_is_little(installed):
    unit = installed / "lib/systemd/system/deltad.service"
    text = analyze("security", "--offline=yes", "--no-pager", unit).stdout
    exposure = float(re.search(r"Overall exposure level for deltad.service: ([\d.]+)", text)[1])
    # Of ten. What is left: the network, its own sockets, and the files of the machine to read.
    assert exposure <= 1.5
