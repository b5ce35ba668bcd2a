"""What `make install` puts where, and that the version is said in one place."""

import json
import os
import re
import subprocess

from Packaging.conftest import make
from Support.processes import DELTAD, ROOT

FILES = {
    "usr/bin/deltad",
    "usr/lib/systemd/system/deltad.service",
    "usr/lib/systemd/system/deltad.socket",
    "etc/deltad/deltad.json5",
    "usr/share/man/man8/deltad.8",
    "usr/share/man/man5/deltad.json5.5",
    "usr/share/bash-completion/completions/deltad",
    "usr/share/doc/deltad/README.md",
    "usr/share/doc/deltad/openapi.json",
    "usr/share/doc/deltad/examples/deltad.json5",
}


def files_below(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_everything_is_in_its_place_and_leaves_it_again(tmp_path):
    assignments = [f"DESTDIR={tmp_path}", f"BINARY={DELTAD}", "INSTALL_PROGRAM=install"]
    make("install", *assignments)
    assert FILES <= files_below(tmp_path)
    units = tmp_path / "usr/lib/systemd/system"
    for unit in ("deltad.service", "deltad.socket"):
        assert (units / unit).read_text() == (ROOT / "systemd" / unit).read_text()
    make("uninstall", *assignments)
    assert files_below(tmp_path) == {"etc/deltad/deltad.json5"}


def test_a_configuration_that_is_there_stays(tmp_path):
    configuration = tmp_path / "etc/deltad/deltad.json5"
    configuration.parent.mkdir(parents=True)
    configuration.write_text("{}")
    make("install", f"DESTDIR={tmp_path}", f"BINARY={DELTAD}", "INSTALL_PROGRAM=install")
    assert configuration.read_text() == "{}"


def test_elsewhere_the_units_know_where(installed):
    unit = (installed / "lib/systemd/system/deltad.service").read_text()
    commands = re.findall(r"^Exec\w+=(\S+) (?:check|serve) --config (\S+)$", unit, re.MULTILINE)
    assert commands == [(f"{installed}/bin/deltad", f"{installed}/etc/deltad/deltad.json5")] * 3
    for program, configuration in commands:
        assert os.access(program, os.X_OK) and os.path.exists(configuration)


def test_the_version_is_the_same_everywhere():
    program = subprocess.check_output([DELTAD, "--version"], text=True).split()[1]
    changelog = subprocess.check_output([ROOT / "packaging/debian-changelog"], text=True)
    debian = re.match(r"deltad \((.+?)\) unstable;", changelog)[1]
    description = json.loads((ROOT / "web/openapi.json").read_text())["info"]["version"]
    assert (debian, description) == (program, program)
