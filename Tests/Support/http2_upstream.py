"""An upstream that offers HTTP/2 over TLS: an application on the Hypercorn server."""

import asyncio
import json
import socket
import threading

import hypercorn.asyncio
import hypercorn.config


class HTTP2Upstream:
    """Answers each POST with the text `SCRIPT i` in `count` events, held after the first one.

    The request's model is the SCRIPT. `exchanges` has one dictionary for each request that has
    come: `model`, `version` (of HTTP, as the server says), `client` (its address, one for each
    connection), `is_over`, `is_whole` (the whole answer was sent).
    """

    def __init__(self, certificate, count):
        self.count = count
        self.exchanges = []
        self._loop = asyncio.new_event_loop()
        self._shutdown = asyncio.Event()
        self._released = asyncio.Event()
        listener = socket.create_server(("127.0.0.1", 0))
        self.port = listener.getsockname()[1]
        configuration = hypercorn.config.Config()
        # From here on the descriptor is the server's, to close too.
        configuration.bind = [f"fd://{listener.detach()}"]
        configuration.certfile, configuration.keyfile = map(str, certificate)
        configuration.alpn_protocols = ["h2", "http/1.1"]
        configuration.graceful_timeout = 0.1
        configuration.errorlog = None
        self._thread = threading.Thread(target=self._run, args=(configuration,))
        self._thread.start()

    def _run(self, configuration):
        self._loop.run_until_complete(
            hypercorn.asyncio.serve(
                self._application, configuration, shutdown_trigger=self._shutdown.wait))
        self._loop.close()

    async def _application(self, scope, receive, send):
        if scope["type"] != "http":
            return
        body = b""
        while (message := await receive()).get("more_body"):
            body += message["body"]
        model = json.loads(body + message["body"])["model"]
        exchange = {"model": model, "version": scope["http_version"], "client": scope["client"],
                    "is_over": False, "is_whole": False}
        self.exchanges.append(exchange)
        answer = asyncio.create_task(self._answer(model, send))
        departure = asyncio.create_task(receive())
        await asyncio.wait([answer, departure], return_when=asyncio.FIRST_COMPLETED)
        exchange["is_whole"] = answer.done()
        for task in [answer, departure]:
            task.cancel()
        exchange["is_over"] = True

    async def _answer(self, model, send):
        fields = [(b"content-type", b"text/event-stream")]
        await send({"type": "http.response.start", "status": 200, "headers": fields})
        for number in range(self.count):
            delta = {"choices": [{"index": 0, "delta": {"content": f"{model} {number}\n"}}]}
            await self._send(send, f"data: {json.dumps(delta)}\n\n")
            await self._released.wait()
        await self._send(send, "data: [DONE]\n\n")
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _send(self, send, text):
        await send({"type": "http.response.body", "body": text.encode(), "more_body": True})

    def text(self, model):
        """The whole text for a model."""
        return "".join(f"{model} {number}\n" for number in range(self.count))

    def release(self):
        """Lets go of all answers, those to come included."""
        self._loop.call_soon_threadsafe(self._released.set)

    def stop(self):
        self._loop.call_soon_threadsafe(self._shutdown.set)
        self._thread.join(10)
        assert not self._thread.is_alive()
