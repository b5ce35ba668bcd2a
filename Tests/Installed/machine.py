"""A Debian below a folder, booted with its own systemd in namespaces of its own.

Its network is its own loopback. Packages come from its cache, which is filled before it boots.
"""

import os
import pathlib
import shutil
import subprocess

from Support.processes import wait_until

ENVIRONMENT = {
    "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LC_ALL": "C.UTF-8",
    "DEBIAN_FRONTEND": "noninteractive",
}


class Machine:
    def __init__(self, folder, base):
        """`base` is a tar file of the whole system."""
        self.root = pathlib.Path(folder).resolve()
        shutil.rmtree(self.root, ignore_errors=True)
        self.root.mkdir()
        subprocess.run(["tar", "-C", self.root, "-xf", base], check=True)
        self.nspawn = None

    def fetch(self, *packages):
        """Into the cache, with all that they need."""
        command = ["apt-get", "install", "--yes", "--quiet", "--download-only"]
        command += ["--no-install-recommends", *packages]
        subprocess.run(
            ["chroot", self.root, *command], env=ENVIRONMENT, check=True,
            stdout=subprocess.DEVNULL,
        )

    def boot(self):
        command = ["systemd-nspawn", "--quiet", "--boot", "--private-network", "--console=pipe"]
        command += ["--machine=deltad-test", "--link-journal=no", "--directory", self.root]
        if not os.path.isdir("/run/systemd/system"):
            # Where no systemd runs there is nobody to register with.
            command += ["--register=no", "--keep-unit"]
        environment = {**os.environ, "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"}
        self.nspawn = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )
        wait_until(self.has_booted, "the machine to boot", patience=120)

    @property
    def leader(self):
        """The process that is number 1 inside; None before there is one."""
        pid = self.nspawn.pid
        assert self.nspawn.poll() is None, "systemd-nspawn has ended"
        children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return children[0] if children else None

    def has_booted(self):
        if not self.leader:
            return False
        # From when it answers, however well it has come up.
        result = self.try_run("systemctl is-system-running --wait")
        return result.stdout.strip() in ("running", "degraded")

    def stop(self):
        if not self.nspawn:
            return
        self.nspawn.terminate()
        try:
            self.nspawn.wait(120)
        except subprocess.TimeoutExpired:
            self.nspawn.kill()
            self.nspawn.wait()

    # Inside

    def start(self, script, **options):
        command = ["nsenter", "--target", self.leader, "--all", "/bin/sh", "-c", script]
        return subprocess.Popen(
            command, env=ENVIRONMENT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, **options,
        )

    def try_run(self, script):
        """What it prints, its errors included, and its status."""
        process = self.start(script)
        output, _ = process.communicate(timeout=300)
        return subprocess.CompletedProcess(script, process.returncode, output)

    def run(self, script):
        result = self.try_run(script)
        if result.returncode != 0:
            journal = self.try_run("journalctl --no-pager --lines=20 --output=cat").stdout
            message = f"{script}: {result.returncode}\n{result.stdout}\n{journal}"
            raise AssertionError(message)
        return result.stdout

    def write(self, path, text, mode=0o644):
        file = self.root / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(mode)

    def files(self):
        """Every path of its disk."""
        found = set()
        for folder, folders, names in os.walk(self.root):
            below = "/" + os.path.relpath(folder, self.root)
            if below in ("/proc", "/sys", "/dev", "/run", "/tmp"):
                folders.clear()
                continue
            found |= {os.path.normpath(f"{below}/{name}") for name in folders + names}
        return found

    # systemd

    def show(self, unit, *properties):
        text = self.run(f"systemctl show {unit} --property={','.join(properties)}")
        values = dict(line.split("=", 1) for line in text.splitlines())
        return values[properties[0]] if len(properties) == 1 else [values[p] for p in properties]
