"""A server in the daemon's place that counts what a proxy does to it."""

import contextlib
import socket
import threading

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Recorder:
    """Answers every GET, and closes the connection upon every other request without a word; also
    where it is asked to.

    `methods` has those of all requests so far, `connections` how many there have been.
    """

    def __init__(self):
        self.methods, self.connections = [], 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._accept)
        self._thread.start()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        # A proxy that keeps no connections may reset them.
        with client, contextlib.suppress(ConnectionResetError):
            data = b""
            while part := client.recv(65536):
                data += part
                head, end, body = data.partition(b"\r\n\r\n")
                if not end:
                    continue
                method = head.split(b" ", 1)[0].decode()
                if method == "GET":
                    self.methods.append(method)
                    client.sendall(ANSWER)
                    if b"\r\nconnection: close" in head.lower():
                        return
                    data = b""
                elif len(body) >= int(head.lower().split(b"content-length: ")[1].split()[0]):
                    self.methods.append(method)
                    return

    def stop(self):
        # Closing does not wake a thread that waits in accept; shutting down does.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()
