"""The daemon as a service: each message that the manager gets, and what it hands over."""

import json
import pathlib
import signal
import socket
import subprocess
import time

import pytest
from Relay import asking
from Relay.events import DONE
from Relay.wire import HOST, Answer, Exchange, fetch, request
from Support.processes import DELTAD
from Support.service_manager import ServiceManager

HELD = [{"text": "Hello"}, {"gate": "never"}]


def is_status(message):
    return "STATUS" in message


@pytest.mark.parametrize("abstract", [False, True])
def test_it_says_when_it_is_ready_and_when_it_stops(serve, tmp_path, abstract):
    manager = ServiceManager(tmp_path, abstract)
    daemon = serve(manager)
    assert manager.ready() == {"READY": "1", "WATCHDOG": "1"}
    assert manager.wait_for(is_status)["STATUS"] == (
        "serving: 0 generations, 0 waiting, 0 readers, 0 connections"
    )
    assert fetch(daemon.port, "GET", "/readyz").status == 200
    daemon.process.terminate()
    stopping = manager.wait_for(lambda message: "STOPPING" in message)
    assert stopping == {"STOPPING": "1", "EXTEND_TIMEOUT_USEC": "7000000"}
    assert daemon.process.wait(10) == 0
    # Without a watchdog nobody is told that all is well, but at the start.
    assert [message for message in manager.messages if "WATCHDOG" in message] == [
        {"READY": "1", "WATCHDOG": "1"}
    ]
    manager.close()


def test_nothing_is_said_before_it_listens(manager, tmp_path):
    taken = socket.create_server((HOST, 0))
    configuration = tmp_path / "deltad.json5"
    port = taken.getsockname()[1]
    configuration.write_text(
        '{listen: ["127.0.0.1:%d"], upstreams: [{name: "demo", kind: "demo"}],'
        ' models: [{id: "demo", upstream: "demo"}]}' % port
    )
    ended = subprocess.run(
        [DELTAD, "serve", "--config", configuration],
        env=manager.environment,
        capture_output=True,
        timeout=10,
    )
    assert ended.returncode == 1 and b"Address already in use" in ended.stderr
    with pytest.raises(TimeoutError):
        manager.receive(0.01)
    taken.close()


def test_a_reload_is_announced_and_its_end_too(serve, manager):
    daemon = serve(manager)
    manager.ready()
    # What it ran by is in the file.
    good = daemon.configuration_file.read_text()
    for text, answer in ((good, "taken"), ("{", "refused"), (good, "taken")):
        before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        line = daemon.reload(text)
        assert f" reload {answer}=" in line
        started = manager.wait_for(lambda message: "RELOADING" in message)
        after = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        assert set(started) == {"RELOADING", "MONOTONIC_USEC"}
        assert before <= int(started["MONOTONIC_USEC"]) <= after
        assert manager.ready() == {"READY": "1"}
    assert fetch(daemon.port, "GET", "/healthz").status == 200


def test_the_line_for_people_has_live_figures(serve, tmp_path, model, name):
    manager = ServiceManager(tmp_path, watchdog=0.15)
    model.script(name, HELD)
    daemon = serve(manager)
    path = asking.start_stream(daemon, name)
    readers = [asking.open_read(daemon, path) for _ in range(3)]
    for reader in readers:
        reader.read_body(b"Hello")
    expected = "serving: 1 generations, 0 waiting, 3 readers, 3 connections"
    assert manager.wait_for(lambda message: message.get("STATUS") == expected)["WATCHDOG"] == "1"
    for reader in readers:
        reader.close()
    manager.close()


# MARK: The watchdog


def test_it_is_fed_again_and_again(serve, tmp_path):
    manager = ServiceManager(tmp_path, watchdog=0.15)
    serve(manager)
    manager.ready()
    for _ in range(5):
        assert manager.wait_for(lambda message: "WATCHDOG" in message)["WATCHDOG"] == "1"
    manager.close()


def test_it_is_not_fed_while_a_loop_hangs(serve, tmp_path):
    manager = ServiceManager(tmp_path, watchdog=0.15)
    daemon = serve(manager)
    manager.ready()
    manager.wait_for(lambda message: "WATCHDOG" in message)
    daemon.process.send_signal(signal.SIGUSR2)
    hangs = "does not answer: loop 1"
    manager.wait_for(lambda message: message.get("STATUS") == hangs)
    # Longer than the manager would have waited.
    for _ in range(6):
        assert manager.wait_for(lambda message: True) == {"STATUS": hangs}
    daemon.process.send_signal(signal.SIGUSR2)
    assert manager.wait_for(lambda message: "WATCHDOG" in message)["WATCHDOG"] == "1"
    manager.close()


def test_it_is_fed_while_the_daemon_drains(serve, tmp_path, model, name):
    manager = ServiceManager(tmp_path, watchdog=0.15)
    model.script(name, [{"text": "Hello"}, {"gate": name}, {"done": True}])
    daemon = serve(manager, {"timeouts": {"shutdown": "1m", "release": "2s"}})
    with asking.open_completion(daemon, name) as asker:
        asker.read_body(b"Hello")
        daemon.process.terminate()
        stopping = manager.wait_for(lambda message: "STOPPING" in message)
        assert int(stopping["EXTEND_TIMEOUT_USEC"]) == 69_000_000
        for _ in range(3):
            alive = manager.wait_for(lambda message: "WATCHDOG" in message)
            assert alive["STATUS"].startswith("stopping: 1 generations, ")
        model.open(name)
        assert asker.whole().body.endswith(DONE)
    assert daemon.process.wait(10) == 0
    manager.close()


def test_what_is_meant_for_another_process_is_not_taken(serve, tmp_path):
    manager = ServiceManager(tmp_path, watchdog=0.15)
    daemon = serve(manager, environment={"WATCHDOG_PID": "1", "LISTEN_PID": "1", "LISTEN_FDS": "1"})
    manager.ready()
    with pytest.raises(TimeoutError):
        while "WATCHDOG" not in manager.receive(0.5):
            pass
    assert len(daemon.addresses) == 1
    manager.close()


def test_what_the_manager_does_not_take_at_once_it_hears_later(serve, tmp_path):
    manager = ServiceManager(tmp_path, watchdog=0.04)
    daemon = serve(manager)
    manager.ready()
    # It does not listen for so long that its queue is full of what was true once.
    queue = int(pathlib.Path("/proc/sys/net/unix/max_dgram_qlen").read_text())
    time.sleep(0.01 * (queue + 2) * 2)
    daemon.reload(daemon.configuration_file.read_text())
    manager.wait_for(lambda message: "RELOADING" in message)
    assert manager.ready() == {"READY": "1"}
    manager.close()


# MARK: Sockets


def test_an_inherited_socket_takes_the_place_of_its_address(serve, manager):
    port = manager.listen_tcp()
    daemon = serve(manager, {"listen": [f"127.0.0.1:{port}"]})
    assert daemon.addresses == [f"127.0.0.1:{port}"]
    assert {fetch(port, "GET", "/healthz").status for _ in range(50)} == {200}


def test_a_name_is_the_address_that_it_means(serve, manager):
    port = manager.listen_tcp()
    daemon = serve(manager, {"listen": [f"localhost:{port}"]})
    assert daemon.addresses == [f"127.0.0.1:{port}"]
    assert fetch(port, "GET", "/healthz").status == 200


def connect_unix(path, message):
    answer = Answer()
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(10)
        client.connect(str(path))
        client.sendall(message)
        while not answer.ended:
            answer.feed(client.recv(65536))
    return answer


def test_sockets_beside_the_configured_ones_are_listened_on(serve, manager, tmp_path):
    other = manager.listen_tcp()
    manager.listen_unix(tmp_path / "deltad.sock")
    proxied = manager.listen_tcp("proxy")
    watched = manager.listen_tcp("metrics")
    daemon = serve(manager)
    daemon.wait_for_log(" listening ", 5)
    for port in (daemon.port, other):
        assert fetch(port, "GET", "/healthz").status == 200
    assert connect_unix(tmp_path / "deltad.sock", request("GET", "/healthz")).status == 200
    header = b"PROXY TCP4 192.0.2.7 127.0.0.1 4711 80\r\n"
    with socket.create_connection((HOST, proxied), timeout=10) as client:
        client.sendall(header + request("GET", "/v1/models"))
        assert client.recv(65536).startswith(b"HTTP/1.1 200 ")
    daemon.wait_for_log(" client=192.0.2.7 ")
    assert fetch(watched, "GET", "/metrics").status == 200
    assert fetch(watched, "GET", "/v1/models").status == 404


def test_a_socket_for_both_families_shows_ipv4_clients_as_such(serve, manager):
    port = manager.listen_tcp(host="::")
    daemon = serve(manager, {"allowAnonymous": True})
    daemon.wait_for_log(r" listening address=\[::\]:" + str(port))
    assert fetch(port, "GET", "/healthz").status == 200
    daemon.wait_for_log(" request .* client=127.0.0.1 ")


def test_a_socket_that_everybody_reaches_needs_keys(serve, manager, tmp_path):
    manager.listen_tcp(host="0.0.0.0")
    with pytest.raises(AssertionError, match="everybody could ask"):
        serve(manager)
    with pytest.raises(TimeoutError):
        manager.receive(0.01)


def test_a_datagram_socket_is_refused(serve, manager):
    wrong = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    wrong.bind((HOST, 0))
    manager.sockets.append(("wrong", wrong))
    with pytest.raises(AssertionError, match=r"descriptor 3 \(wrong\) .* no listening stream"):
        serve(manager)


def test_both_loops_take_from_an_inherited_socket(serve, manager, model, name):
    port = manager.listen_tcp()
    serve(manager, {"listen": [f"127.0.0.1:{port}"]})
    model.script(name, [{"answer": "Hello"}])
    owners = set()
    # Who is faster takes more: a loop that takes nothing for so long takes nothing at all.
    for _ in range(50):
        asking_now = [Exchange(port, "POST", asking.STREAMS, asking.body(name)) for _ in range(40)]
        for exchange in asking_now:
            # The letter behind the prefix names the loop that took the request.
            owners.add(exchange.whole().header("location").split("strm_")[1][0])
            exchange.close()
        if len(owners) == 2:
            return
    raise AssertionError(f"one loop took all: {owners}")


# MARK: Credentials


def test_keys_come_from_the_folder_of_credentials(serve, manager, tmp_path):
    folder = tmp_path / "credentials"
    folder.mkdir()
    (folder / "deltad-alice").write_text("secret-of-alice\n")
    (folder / "deltad-alice").chmod(0o400)
    keys = [{"name": "alice", "credential": "deltad-alice"}]
    daemon = serve(manager, {"keys": keys}, environment={"CREDENTIALS_DIRECTORY": str(folder)})
    assert fetch(daemon.port, "GET", "/v1/models").status == 401
    headers = {"Authorization": "Bearer secret-of-alice"}
    assert fetch(daemon.port, "GET", "/v1/models", headers=headers).status == 200
    assert "secret-of-alice" not in daemon.log()
    (folder / "deltad-alice").chmod(0o600)
    (folder / "deltad-alice").write_text("another-secret\n")
    daemon.reload(json.loads(daemon.configuration_file.read_text()))
    assert fetch(daemon.port, "GET", "/v1/models", headers=headers).status == 401
