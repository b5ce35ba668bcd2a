"""The service manager's side of the daemon: what systemd does for a unit, to the byte.

It listens on a notification socket (sd_notify(3)), passes listening sockets (sd_listen_fds(3)),
sets the watchdog's time (sd_watchdog_enabled(3)) and a folder of credentials (systemd.exec(5)).
Free of any test framework.
"""

import os
import socket
import sys
import time

from .processes import PATIENCE

# In the daemon's place first: puts the sockets where they are announced, as the process that the
# announcement is for.
PASSING = """
import fcntl, os, sys
numbers = [int(number) for number in sys.argv[1].split(",")]
copies = [fcntl.fcntl(number, fcntl.F_DUPFD, 100) for number in numbers]
for place, copy in enumerate(copies, 3):
    os.dup2(copy, place, inheritable=True)
os.environ["LISTEN_PID"] = str(os.getpid())
os.execvp(sys.argv[2], sys.argv[2:])
"""


class ServiceManager:
    """Starts nothing itself: `environment` and `wrapper` make a process its service."""

    def __init__(self, folder, abstract=False, watchdog=None):
        """`watchdog` is in seconds."""
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.address = f"@deltad-{os.getpid()}-{id(self)}" if abstract else f"{folder}/notify"
        self.socket.bind(self.address.replace("@", "\0", 1) if abstract else self.address)
        self.watchdog = watchdog
        self.sockets = []
        self.messages = []

    def close(self):
        self.socket.close()
        for _, listening in self.sockets:
            listening.close()

    # What a unit's files say

    def listen_tcp(self, name="deltad.socket", host="127.0.0.1"):
        """The port of a socket that the service inherits."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listening = socket.socket(family, socket.SOCK_STREAM)
        if family == socket.AF_INET6:
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, 0))
        listening.listen(4096)
        self.sockets.append((name, listening))
        return listening.getsockname()[1]

    def listen_unix(self, path, name="deltad.socket"):
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listening.bind(str(path))
        listening.listen(4096)
        self.sockets.append((name, listening))

    @property
    def environment(self):
        variables = {"NOTIFY_SOCKET": self.address}
        if self.watchdog:
            variables["WATCHDOG_USEC"] = str(int(self.watchdog * 1e6))
        if self.sockets:
            variables["LISTEN_FDS"] = str(len(self.sockets))
            variables["LISTEN_FDNAMES"] = ":".join(name for name, _ in self.sockets)
        return variables

    @property
    def passed(self):
        return [listening.fileno() for _, listening in self.sockets]

    @property
    def wrapper(self):
        numbers = ",".join(map(str, self.passed))
        return [sys.executable, "-c", PASSING, numbers] if self.sockets else []

    # What the service says

    def receive(self, patience=PATIENCE):
        """The assignments of the next message, by name."""
        self.socket.settimeout(patience)
        lines = self.socket.recv(65536).decode().split("\n")
        message = dict(line.split("=", 1) for line in lines)
        assert len(message) == len(lines), lines
        self.messages.append(message)
        return message

    def wait_for(self, condition, patience=PATIENCE):
        """The first message from now on for which `condition(message)` holds."""
        deadline = time.monotonic() + patience
        while True:
            left = deadline - time.monotonic()
            assert left > 0, f"waited in vain; heard {self.messages}"
            try:
                message = self.receive(left)
            except TimeoutError:
                continue
            if condition(message):
                return message

    def ready(self):
        return self.wait_for(lambda message: message.get("READY") == "1")
