"""A line between browser and daemon that can be cut: browsers' own switches leave sockets open."""

import contextlib
import socket
import threading


class Line:
    """Passes on connections to a port of the loopback, until it is cut."""

    def __init__(self, port):
        self._target = port
        self._pairs = set()
        self._lock = threading.Lock()
        self._is_cut = False
        self._dead = set()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self):
        """Ends all connections, and refuses others."""
        with self._lock:
            self._is_cut = True
            for pair in self._pairs:
                self._end(pair)

    def hush(self):
        """What is open now stays open, and brings nothing any more; new connections do."""
        with self._lock:
            self._dead |= self._pairs

    def mend(self, port=None):
        """Lets connections come again: to this port, where it leads to another from now on."""
        with self._lock:
            self._target = port or self._target
            self._is_cut = False

    def close(self):
        self.cut()
        self._listener.close()

    @staticmethod
    def _end(pair):
        for one in pair:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                with self._lock:
                    if self._is_cut:
                        client.close()
                        continue
                    daemon = socket.create_connection(("127.0.0.1", self._target))
                    pair = (client, daemon)
                    self._pairs.add(pair)
                for one, other in (pair, pair[::-1]):
                    threading.Thread(
                        target=self._pass_on, args=(one, other, pair), daemon=True).start()

    def _pass_on(self, source, sink, pair):
        with contextlib.suppress(OSError):
            while piece := source.recv(1 << 16):
                if pair not in self._dead:
                    sink.sendall(piece)
        self._end(pair)
        with self._lock:
            if pair in self._pairs:
                self._pairs.remove(pair)
                return
        # The second of the two directions: nobody else uses them.
        for one in pair:
            one.close()
