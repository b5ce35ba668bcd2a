"""What must not happen in a page: errors, violations of its policy, requests to elsewhere."""

import urllib.parse

from Proxies.configurations import HOST_NAME

REPORT_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) => {
  console.error(`policy: ${violatedDirective} ${blockedURI}`)
})
"""

# All that the page has wished to wait for.
RECORD_PAUSES = """
window.pauses = []
const setTimeoutOfBrowser = window.setTimeout
window.setTimeout = (call, time, ...rest) => {
  pauses.push(time)
  return setTimeoutOfBrowser(call, time, ...rest)
}
"""


class Watch:
    """Collects complaints of all pages of a context.

    `allowed` are pieces of console messages that a test provokes. Chromium reports each request
    that fails as an error of the page, also one that the page expects to fail.
    """

    def __init__(self, context, allowed):
        self.complaints = []
        self.allowed = allowed
        self.hosts = set()
        context.add_init_script(REPORT_VIOLATIONS)
        context.on("console", self._console)
        context.on("weberror", lambda error: self._complain(f"thrown: {error.error}"))
        context.on("request", self._request)

    def _complain(self, words):
        if not any(piece in words for piece in self.allowed):
            self.complaints.append(words)

    def _console(self, message):
        if message.type in ("error", "warning"):
            self._complain(f"{message.type}: {message.text}")

    def _request(self, request):
        url = urllib.parse.urlsplit(request.url)
        if url.scheme != "data" and url.hostname not in ("127.0.0.1", HOST_NAME):
            self.complaints.append(f"asked elsewhere: {request.url}")
