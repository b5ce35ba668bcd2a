"""A name server that answers when it is told to, and the command that makes a process ask it."""

import os
import random
import shutil
import socket
import struct
import subprocess
import threading

from processes import wait_until

_A = 1  # the type of an IPv4 address (RFC 1035, section 3.2.2)


def missing():
    """Why a process of ours cannot be given another name server here; None if it can."""
    if os.geteuid() != 0:
        return "takes root: port 53, and another /etc/resolv.conf for one process"
    if not shutil.which("unshare"):
        return "takes unshare(1)"
    done = subprocess.run(["unshare", "--mount", "true"], capture_output=True)
    return None if done.returncode == 0 else "mount namespaces are not permitted here"


class NameServer:
    """Answers over UDP for every name: the address it was released with, or that there is none.

    Until `release` it only notes what it is asked. `wrapper` is a command that runs the rest of its
    arguments where this is the only name server; its files are in `folder`.
    """

    def __init__(self, folder):
        self.questions = []
        self._waiting = []
        self._address = None
        self._is_released = False
        self._lock = threading.Lock()
        self._socket, host = self._bind()
        files = {
            "/etc/resolv.conf": f"nameserver {host}\noptions timeout:30 attempts:1\n",
            "/etc/nsswitch.conf": "hosts: files dns\n",
        }
        mounts = []
        for path, text in files.items():
            file = folder / os.path.basename(path)
            file.write_text(text)
            mounts.append(f'mount --bind "{file}" {path}')
        script = " && ".join([*mounts, 'exec "$@"'])
        self.wrapper = ["unshare", "--mount", "--", "sh", "-c", script, "sh"]
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    @staticmethod
    def _bind():
        # The port is fixed: an address of its own lets several of these run side by side.
        for _ in range(100):
            host = f"127.{random.randint(1, 254)}.{random.randint(1, 254)}.{random.randint(1, 254)}"
            try:
                server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                server.bind((host, 53))
                return server, host
            except OSError:
                server.close()
        raise AssertionError("no free address for a name server")

    def _serve(self):
        while True:
            query, client = self._socket.recvfrom(512)
            if not query:
                return
            with self._lock:
                self.questions.append(self._name(query))
                self._waiting.append((query, client))
                if self._is_released:
                    self._answer_all()

    @staticmethod
    def _name(query):
        labels, position = [], 12
        while length := query[position]:
            labels.append(query[position + 1 : position + 1 + length].decode())
            position += 1 + length
        return ".".join(labels)

    def _answer_all(self):
        for query, client in self._waiting:
            end = 12 + len(self._name(query)) + 2 + 4
            kind = struct.unpack("!H", query[end - 4 : end - 2])[0]
            answers = b""
            if self._address and kind == _A:
                # A pointer to the name in the question, type A, class IN, a second to live.
                answers = struct.pack("!HHHIH", 0xC00C, _A, 1, 1, 4)
                answers += socket.inet_aton(self._address)
            # A response, recursion desired and available; NXDOMAIN without an address.
            flags = 0x8180 | (0 if self._address else 3)
            counts = struct.pack("!HHHH", 1, 1 if answers else 0, 0, 0)
            reply = query[:2] + struct.pack("!H", flags) + counts + query[12:end] + answers
            self._socket.sendto(reply, client)
        self._waiting.clear()

    def wait_for(self, name):
        wait_until(lambda: name in self.questions, f"a question for {name}")

    def release(self, address=None):
        """Answers what has been asked and what will be."""
        with self._lock:
            self._address = address
            self._is_released = True
            self._answer_all()

    def stop(self):
        host, port = self._socket.getsockname()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as farewell:
            farewell.sendto(b"", (host, port))
        self._thread.join(10)
        assert not self._thread.is_alive()
        self._socket.close()
