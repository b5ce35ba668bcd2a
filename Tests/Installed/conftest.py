"""One machine for all tests, which are one story: see test_package.py."""

import os
import pathlib
import shutil

import pytest
from Support.processes import ROOT

from Installed.machine import Machine

PACKAGE = "/root/deltad.deb"


@pytest.fixture(scope="session")
def machine():
    folder = ROOT / ".build/test-deb"
    machine = Machine(folder / "machine", folder / "base.tar")
    shutil.copy(pathlib.Path(os.environ["DELTAD_PACKAGE"]), machine.root / PACKAGE.lstrip("/"))
    machine.fetch(PACKAGE, "curl")
    machine.boot()
    yield machine
    machine.stop()
    shutil.rmtree(machine.root)
