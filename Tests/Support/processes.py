"""Starting and ending the daemon and the models, for tests in Python.

Free of any test framework. The binaries are those named by DELTAD, SCRIPTED_MODEL and DELTALOAD, by
default the debug ones below .build. Ports are chosen by the kernel; whatever is waited for has a bound that
matters only when something is broken.
"""

import http.client
import json
import os
import pathlib
import re
import signal
import subprocess
import threading
import time
import urllib.parse
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
DELTAD = os.environ.get("DELTAD", str(ROOT / ".build/debug/deltad"))
SCRIPTED_MODEL = os.environ.get("SCRIPTED_MODEL", str(ROOT / ".build/debug/scripted-model"))
DELTALOAD = os.environ.get("DELTALOAD", str(ROOT / ".build/debug/deltaload"))
PATIENCE = 10.0  # seconds before a wait gives up

# A shutdown of the daemon that a test asks for must not wait for streams the test has left behind.
TEST_TIMEOUTS = {"shutdown": "0s", "release": "0s"}
# What a test waits for in the log must be there.
TEST_LOG = {"perSecond": 0}
# A test says what it wants asked again, and when it wants no more asked.
TEST_UPSTREAM = {"retry": {"retries": 0}, "breaker": {"failures": 0}}


def wait_until(condition, what, patience=PATIENCE):
    """The first true value of `condition()`; AssertionError, naming `what`, when it is late."""
    deadline = time.monotonic() + patience
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.005)


class Daemon:
    """A running `deltad serve`, its configuration and its log in `folder`.

    `configuration` is the whole of the configuration as a dictionary; JSON is JSON5. A `listen`
    that is missing becomes a free loopback port, a `timeouts.shutdown` that is missing zero, and an
    upstream without `retry` or `breaker` has none.
    `wrapper` is a command that runs the rest of its arguments in its own place, as env(1) does.
    `manager` is a service manager whose service it is.
    `addresses` is all that the daemon said it listens on, `port` that of the first TCP address.
    """

    def __init__(
        self, configuration, folder, environment=None, loops=None, wrapper=(), manager=None
    ):
        folder = pathlib.Path(folder)
        environment = {**(environment or {}), **(manager.environment if manager else {})}
        wrapper = [*wrapper, *(manager.wrapper if manager else ())]
        self.loops = loops
        self.configuration_file = folder / "deltad.json5"
        configuration = self._write(configuration)
        self.log_file = folder / "deltad.log"
        with self.log_file.open("wb") as log:
            self.process = subprocess.Popen(
                [*wrapper, DELTAD, "serve", "--config", str(self.configuration_file)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **environment},
                pass_fds=manager.passed if manager else (),
            )
        try:
            listening = configuration["listen"] + configuration.get("proxyProtocol", [])
            listening += configuration.get("metrics", {}).get("listen", [])
            self.addresses = self._await_addresses(len(listening))
        except BaseException:
            self.process.kill()
            self.process.wait()
            raise
        ports = [re.search(r":(\d+)$", address) for address in self.addresses]
        self.port = next((int(port[1]) for port in ports if port), None)

    def _write(self, configuration):
        configuration = {"listen": ["127.0.0.1:0"], **configuration}
        configuration["upstreams"] = [
            {**TEST_UPSTREAM, **upstream} if upstream.get("kind") == "openai" else upstream
            for upstream in configuration.get("upstreams", [])
        ]
        configuration["log"] = {**TEST_LOG, **configuration.get("log", {})}
        configuration["timeouts"] = {**TEST_TIMEOUTS, **configuration.get("timeouts", {})}
        if self.loops is not None:
            configuration["loops"] = self.loops
        self.configuration_file.write_text(json.dumps(configuration, indent=2))
        return configuration

    def reload(self, configuration, expected=" reload (taken|refused)="):
        """SIGHUP with another configuration; the line of the log that says what became of it."""
        if isinstance(configuration, str):
            self.configuration_file.write_text(configuration)
        else:
            self._write(configuration)
        count = len(re.findall(expected, self.log()))
        self.process.send_signal(signal.SIGHUP)
        return self.wait_for_log(expected, count + 1)[-1]

    def metrics(self):
        """What /metrics says: `{"family{label=\\"value\\"}": number}`."""
        with urllib.request.urlopen(f"{self.url}/metrics", timeout=PATIENCE) as answer:
            lines = answer.read().decode().splitlines()
        pairs = [line.rsplit(" ", 1) for line in lines if line and not line.startswith("#")]
        return {name: float(value) if "." in value or "e" in value else int(value)
                for name, value in pairs}

    def _await_addresses(self, count):
        def said():
            assert self.process.poll() is None, f"deltad has ended\n{self.log_tail()}"
            found = re.findall(r'listening address="?([^"\s]+)', self.log())
            found += re.findall(r'"event":"listening","address":"([^"]+)"', self.log())
            return found if len(found) >= count else None

        return wait_until(said, f"deltad to listen on {count} addresses; see {self.log_file}")

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def log(self):
        return self.log_file.read_text(errors="replace")

    def log_tail(self, lines=40):
        return "\n".join(self.log().splitlines()[-lines:])

    def wait_for_log(self, pattern, count=1):
        """The lines that match the regular expression, once there are so many."""

        def matching():
            found = [line for line in self.log().splitlines() if re.search(pattern, line)]
            return found if len(found) >= count else None

        try:
            return wait_until(matching, f"{count} × /{pattern}/ in the log")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.log_tail()}") from None

    def stop(self, patience=PATIENCE):
        """SIGTERM, and its end in time: 3 where a test has left something running."""
        self.process.terminate()
        try:
            status = self.process.wait(patience)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"deltad did not end\n{self.log_tail()}") from None
        assert status in (0, 3), f"deltad ended with {status}\n{self.log_tail()}"


class ScriptedModel:
    """A running scripted-model and its control plane; docs/scripted-model.md says what it does."""

    def __init__(self):
        self.process = subprocess.Popen(
            [SCRIPTED_MODEL, "--port", "0", "--exit-with-stdin"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        line = self.process.stdout.readline()
        match = re.fullmatch(r"listening on 127\.0\.0\.1:(\d+)\n", line)
        if not match:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"scripted-model said {line!r}")
        self.port = int(match[1])
        # http.client is not for several threads, and waits block: one connection a thread.
        self._connections = threading.local()

    @property
    def base_url(self):
        return f"http://127.0.0.1:{self.port}/v1"

    def control(self, method, path, body=None):
        """The status and the JSON of an answer of the control plane."""
        connection = getattr(self._connections, "connection", None)
        if connection is None:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=6 * PATIENCE)
            self._connections.connection = connection
        try:
            connection.request(method, path, None if body is None else json.dumps(body))
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read() or b"null")
        except (http.client.HTTPException, OSError):
            connection.close()
            raise

    def script(self, name, *attempts):
        """Puts a script in place. An attempt is a list of steps, or a dictionary with `steps`."""
        attempts = [{"steps": a} if isinstance(a, list) else a for a in attempts]
        path = f"/control/scripts/{urllib.parse.quote(name, safe='')}"
        status, answer = self.control("PUT", path, {"attempts": attempts})
        assert status == 200, answer

    def reset(self):
        """Forgets all scripts, gates and records."""
        status, answer = self.control("DELETE", "/control/scripts")
        assert status == 200, answer

    def open(self, gate):
        status, answer = self.control("POST", f"/control/gates/{gate}")
        assert status == 200, answer

    def log(self, script):
        """The records of the script's requests so far."""
        status, records = self.control("GET", f"/control/log?script={urllib.parse.quote(script)}")
        assert status == 200, records
        return records

    def wait(self, script, event, count=1, timeout=PATIENCE):
        """The script's records once `count` of them have had `event`: attempt, gone, finished."""
        query = urllib.parse.urlencode(
            {"script": script, "event": event, "count": count, "timeout": f"{timeout:g}s"}
        )
        status, records = self.control("GET", f"/control/wait?{query}")
        assert status == 200, records
        return records

    def stop(self):
        self.process.stdin.close()
        try:
            status = self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = self.process.wait()
        self.process.stdout.close()
        assert status == 0, f"scripted-model ended with {status}"


class LoadModel:
    """A running `deltaload model`; docs/deltaload.md says what it is for."""

    def __init__(self, *options):
        self.process = subprocess.Popen(
            [DELTALOAD, "model", "--port", "0", *options], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        match = re.fullmatch(r"listening on 127\.0\.0\.1:(\d+)\n", line)
        if not match:
            self.stop()
            raise AssertionError(f"deltaload model said {line!r}")
        self.port = int(match[1])

    @property
    def base_url(self):
        return f"http://127.0.0.1:{self.port}/v1"

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
