"""The manual pages are well formed, and deltad(8) has every command and option of the program."""

import re
import subprocess

import pytest
from Support.processes import DELTAD, ROOT

PAGES = ["deltad.8", "deltad.json5.5"]


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_well_formed(page):
    command = ["mandoc", "-T", "lint", "-W", "warning", ROOT / "man" / page]
    result = subprocess.run(command, capture_output=True, text=True)
    # What other pages there are on this machine is not asked.
    lines = [line for line in result.stdout.splitlines() if "makewhatis" not in line]
    assert lines == []


def usage(*command):
    return subprocess.check_output([DELTAD, *command, "--help"], text=True)


def test_every_command_option_and_status_is_described():
    page = (ROOT / "man/deltad.8").read_text()
    commands = re.findall(r"^  (\w+)  ", usage().replace("--config FILE", "  "), re.MULTILINE)
    assert "serve" in commands and "decode" in commands
    for command in commands:
        assert re.search(rf"^\.It Cm {command}\b", page, re.MULTILINE), command
        for option in re.findall(r"--([a-z-]+)", usage(command)):
            assert re.search(rf"\bFl -{option}\b", page), option
    statuses = re.search(r"Exit status:(.*)", usage("serve"), re.DOTALL)[1]
    for status in re.findall(r"\d", statuses):
        assert f"\n.It {status}\n" in page, status
