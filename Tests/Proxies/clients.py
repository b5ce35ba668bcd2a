"""Clients of a proxy, over TLS: HTTP/1.1 and HTTP/2, with one shape."""

import json

import h2.config
import h2.connection
import h2.events
from Relay.wire import Answer, Exchange, request

from .configurations import HOST_NAME
from .processes import HOST

PROTOCOLS = ["http/1.1", "h2"]


def authority(proxy):
    return f"{HOST_NAME}:{proxy.port}"


class PlainExchange(Exchange):
    """A request over HTTP/1.1 on a connection of its own, and its answer."""

    def __init__(self, proxy, method, path, body=None, headers=(), source=HOST):
        self.socket = proxy.connect("http/1.1", source)
        self.answer = Answer()
        own = headers.items() if isinstance(headers, dict) else headers
        self.socket.sendall(request(method, path, body, [("Host", authority(proxy)), *own]))


class Part(Answer):
    """An answer among those of an HTTP/2 connection."""

    def begin(self, fields):
        names = [(name.decode(), value.decode()) for name, value in fields]
        self.status = int(dict(names)[":status"])
        self.headers = [(name, value) for name, value in names if not name.startswith(":")]


class Page:
    """One HTTP/2 connection, as a browser's page has it, and its exchanges by their number."""

    def __init__(self, proxy, source=HOST):
        self.authority = authority(proxy)
        self.socket = proxy.connect("h2", source)
        self.machine = h2.connection.H2Connection(
            h2.config.H2Configuration(header_encoding=None))
        self.machine.initiate_connection()
        self.exchanges = {}
        self.flush()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def open(self, method, path, body=None, headers=()):
        exchange = PageExchange(self, self.machine.get_next_available_stream_id())
        self.exchanges[exchange.number] = exchange
        fields = [(":method", method), (":scheme", "https"), (":authority", self.authority),
                  (":path", path)]
        if body is not None:
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            fields += [("content-type", "application/json"), ("content-length", str(len(data)))]
        fields += [(name.lower(), value) for name, value in dict(headers).items()]
        self.machine.send_headers(exchange.number, fields, end_stream=body is None)
        if body is not None:
            self._send(exchange, data)
        self.flush()
        return exchange

    def _send(self, exchange, body):
        """As much at a time as the other side lets; no more once it has answered."""
        while body and not exchange.answer.ended:
            room = min(self.machine.local_flow_control_window(exchange.number),
                       self.machine.max_outbound_frame_size)
            if room == 0:
                self.receive()
                continue
            self.machine.send_data(exchange.number, body[:room], end_stream=len(body) <= room)
            self.flush()
            body = body[room:]

    def flush(self):
        self.socket.sendall(self.machine.data_to_send())

    def receive(self):
        """Takes what has come next, for whichever exchange it is."""
        data = self.socket.recv(65536)
        assert data, "the connection ended"
        for event in self.machine.receive_data(data):
            assert not isinstance(event, h2.events.ConnectionTerminated), event
            exchange = self.exchanges.get(getattr(event, "stream_id", None))
            if exchange:
                exchange.take(event)
        self.flush()


class PageExchange:
    """A request on a page's connection, and its answer."""

    def __init__(self, page, number):
        self.page, self.number = page, number
        self.answer = Part()

    def take(self, event):
        if isinstance(event, h2.events.ResponseReceived):
            self.answer.begin(event.headers)
        elif isinstance(event, h2.events.DataReceived):
            self.answer.body += event.data
            self.page.machine.acknowledge_received_data(
                event.flow_controlled_length, self.number)
        elif isinstance(event, h2.events.StreamEnded):
            self.answer.ended = True
        elif isinstance(event, h2.events.StreamReset):
            # Behind an answer it says that the rest of the request is not wanted.
            assert self.answer.ended, event

    def close(self):
        """Leaves, and the connection stays."""
        del self.page.exchanges[self.number]
        self.page.machine.reset_stream(self.number, 8)  # CANCEL
        self.page.flush()

    def read_until(self, condition):
        while not condition(self.answer):
            assert not self.answer.ended, f"the answer ended: {bytes(self.answer.body)!r}"
            self.page.receive()
        return self.answer

    def head(self):
        return self.read_until(lambda answer: answer.status is not None)

    def read_body(self, mark):
        return self.read_until(lambda answer: mark in answer.body)

    def whole(self):
        return self.read_until(lambda answer: answer.ended)


class Client:
    """Asks over one protocol; over HTTP/2 all its exchanges are on one connection."""

    def __init__(self, proxy, protocol, source=HOST):
        self.proxy, self.source = proxy, source
        self.page = Page(proxy, source) if protocol == "h2" else None
        self.sockets = [self.page.socket] if self.page else []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for connection in self.sockets:
            connection.close()

    def open(self, method, path, body=None, headers=()):
        if self.page:
            return self.page.open(method, path, body, headers)
        exchange = PlainExchange(self.proxy, method, path, body, headers, self.source)
        self.sockets.append(exchange.socket)
        return exchange

    def fetch(self, method, path, body=None, headers=()):
        return self.open(method, path, body, headers).whole()
