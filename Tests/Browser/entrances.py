"""The ways to the daemon: directly, over HTTP/1.1, and by nginx as shipped, over TLS and HTTP/2."""

from Proxies.configurations import HOST_NAME

from .cutting import Line

PROTOCOLS = ["http/1.1", "h2"]


class Entrance:
    """One of the ways, which can be cut like any line."""

    def __init__(self, protocol, daemon, start_proxy):
        self.protocol = protocol
        self.daemon = daemon
        if protocol == "h2":
            self.line = Line(start_proxy("nginx", f"127.0.0.1:{daemon.port}").port)
            self.url = f"https://{HOST_NAME}:{self.line.port}"
            # The tests' own authority is nobody's.
            self.options = {"ignore_https_errors": True}
        else:
            self.line = Line(daemon.port)
            self.url = self.line.url
            self.options = {}

    def close(self):
        self.line.close()

    def open(self, context, path="/"):
        """A page of the daemon that has come this way."""
        page = context.new_page()
        page.goto(self.url + path)
        navigation = "performance.getEntriesByType('navigation')[0].nextHopProtocol"
        assert page.evaluate(navigation) == self.protocol
        return page
