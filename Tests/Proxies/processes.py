"""Starting, reloading and ending the proxies."""

import os
import pathlib
import random
import signal
import socket
import ssl
import subprocess

from Support.processes import PATIENCE, wait_until
from Support.tls_upstream import Authority

from .configurations import HOST_NAME, write

HOST = "127.0.0.1"


class Certificate:
    """A certificate for the name in the shipped files, its key, and the authority to trust."""

    def __init__(self, folder):
        authority = Authority(folder, "authority")
        self.authority = authority.certificate
        self.chain, self.key = authority.issue("relay", [HOST_NAME])
        self.both = folder / "both.pem"
        self.both.write_bytes(self.chain.read_bytes() + self.key.read_bytes())


def free_port():
    """Below those that the kernel gives to clients, which would take it before the proxy does."""
    while True:
        port = random.randrange(12000, 32000)
        with socket.socket() as probe:
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return port


class Proxy:
    """A running proxy in front of `upstream`; `folder` has its configuration and its log.

    `upstream` and `times` are those of `configurations.write`.
    """

    def __init__(self, name, folder, upstream, certificate, times=()):
        self.name, self.folder = name, pathlib.Path(folder)
        self.certificate = certificate
        self.port = free_port()
        self.log_file = self.folder / "log"
        self.command = write(name, self.folder, self.port, upstream, certificate, times)
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env=self._environment())
        try:
            wait_until(self._answers, f"{name}; see {self.log_file}")
        except BaseException:
            self.stop()
            raise

    def _environment(self):
        # Caddy keeps things in its user's home.
        kept = {f"XDG_{kind}_HOME": str(self.folder) for kind in ("DATA", "CONFIG")}
        # Debian has the programs where only root looks.
        return {**os.environ, **kept, "PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin"}

    def _answers(self):
        assert self.process.poll() is None, f"{self.name} has ended\n{self.log_tail()}"
        try:
            self.connect("http/1.1").close()
        except OSError:
            return False
        return True

    def connect(self, protocol, source=HOST):
        """A connection over TLS from an address of this machine, whose ALPN must be as asked."""
        context = ssl.create_default_context(cafile=self.certificate.authority)
        context.set_alpn_protocols([protocol])
        plain = socket.create_connection((HOST, self.port), PATIENCE, (source, 0))
        try:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection = context.wrap_socket(plain, server_hostname=HOST_NAME)
        except BaseException:
            plain.close()
            raise
        assert connection.selected_alpn_protocol() == protocol
        return connection

    def workers(self):
        """The processes that serve, where they are others than the one that was started."""
        pid = self.process.pid
        return set(pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split())

    def reload(self):
        """As its unit does it; returns when the configuration has been taken. The processes of
        before may still be there."""
        before = self.workers()
        if self.name == "caddy":
            command = ["caddy", "reload", "--force", "--config", f"{self.folder}/Caddyfile",
                       "--address", f"unix/{self.folder}/admin"]
            done = subprocess.run(command, capture_output=True, env=self._environment(),
                                  timeout=PATIENCE)
            assert done.returncode == 0, done.stderr
            return
        self.process.send_signal({"nginx": signal.SIGHUP, "haproxy": signal.SIGUSR2}[self.name])
        wait_until(lambda: self.workers() - before, "the new processes")

    def log(self):
        return self.log_file.read_text(errors="replace")

    def log_tail(self, lines=40):
        return "\n".join(self.log().splitlines()[-lines:])

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
