"""An installation below a folder of the test's, as `make install` makes it."""

import os
import subprocess

import pytest
from Support.processes import DELTAD, ROOT


def make(target, *assignments):
    """Runs it; its output. A shell's own variables do not count."""
    environment = {"PATH": os.environ["PATH"]}
    command = ["make", "--silent", "--no-print-directory", target, *assignments]
    return subprocess.run(
        command, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE, text=True
    ).stdout


@pytest.fixture(scope="session")
def installed(tmp_path_factory):
    """Where it is, with the units saying so."""
    folder = tmp_path_factory.mktemp("installed")
    make(
        "install", f"PREFIX={folder}", f"SYSCONFDIR={folder}/etc", f"BINARY={DELTAD}",
        "INSTALL_PROGRAM=install",
    )
    return folder
