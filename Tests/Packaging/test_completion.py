"""What bash offers after a part of a command line."""

import subprocess

import pytest
from Support.processes import ROOT

ASK = """
source "$1"; shift
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_deltad
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.fixture
def complete(tmp_path):
    (tmp_path / "one.json5").touch()
    (tmp_path / "my other.json5").touch()
    (tmp_path / "notes.txt").touch()
    (tmp_path / "conf").mkdir()

    def complete(*words):
        command = ["bash", "--norc", "-c", ASK, "bash", ROOT / "completions/deltad.bash", *words]
        text = subprocess.check_output(command, cwd=tmp_path, text=True)
        return set(text.splitlines()) - {""}

    return complete


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["deltad", "s"], {"serve"}),
        (["deltad", ""], {"serve", "demo", "check", "decode", "help", "version", "--help",
                          "--version"}),
        (["deltad", "serve", ""], {"--config", "--help"}),
        (["deltad", "check", "--c"], {"--config"}),
        (["deltad", "demo", "--"], {"--help"}),
        (["deltad", "decode", "--s"], {"--split-at"}),
        (["deltad", "decode", "--chunk-size", ""], set()),
        (["deltad", "unknown", ""], set()),
        (["deltad", "serve", "--config", ""], {"one.json5", "my other.json5", "conf"}),
        (["deltad", "check", "--config", "my"], {"my other.json5"}),
        (["deltad", "check", "--config", "="], {"one.json5", "my other.json5", "conf"}),
        (["deltad", "check", "--config", "=", "on"], {"one.json5"}),
    ],
)
def test_what_is_offered(complete, words, offered):
    assert complete(*words) == offered
