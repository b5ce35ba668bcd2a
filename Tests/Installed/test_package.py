"""From installing the package to purging it, on a machine that runs systemd.

One story: each test begins where the one before has left the machine.
"""

import json
import re

from Support.processes import ROOT, wait_until

from Installed.conftest import PACKAGE

CONFIGURATION = "/etc/deltad/deltad.json5"
ADDRESS = "http://127.0.0.1:8080"
ASK = (
    """curl -sN {to} -H 'Content-Type: application/json' """
    """-d '{{"model":"{model}","stream":true,"messages":[{{"role":"user","content":"Hello"}}]}}'"""
)
INSTALL = "apt-get install --yes --quiet --no-install-recommends"


def ask(machine, model="demo", to=f"{ADDRESS}/v1/chat/completions"):
    return machine.run(ASK.format(model=model, to=to))


def journal(machine, unit="deltad"):
    lines = machine.run(f"journalctl --unit={unit} --output=json --no-pager").splitlines()
    return [(entry["PRIORITY"], entry["MESSAGE"]) for entry in map(json.loads, lines)]


def wait_for_line(machine, text, after=0):
    """The priority of the line, none of the first `after` lines."""

    def found():
        return next((p for p, line in journal(machine)[after:] if text in line), None)

    return wait_until(found, f'"{text}" in the journal', patience=60)


def configure(machine, **settings):
    machine.write(CONFIGURATION, json.dumps(settings))


DEMO = {
    "listen": ["127.0.0.1:8080"],
    "upstreams": [{"name": "demo", "kind": "demo"}],
    "models": [{"id": "demo", "upstream": "demo"}],
}


def test_the_commands_of_the_readme_install_it_and_stream_an_answer(machine):
    machine.run(f"{INSTALL} curl")
    machine.before = machine.files()
    text = (ROOT / "README.md").read_text()
    section = re.search(r"^## Install$.*?^```sh$(.*?)^```$", text, re.MULTILINE | re.DOTALL)[1]
    commands = section.replace("./deltad_*.deb", PACKAGE).replace("sudo ", "")
    # Nobody is there to say yes.
    machine.write("/etc/apt/apt.conf.d/99test", 'APT::Get::Assume-Yes "1";\n')
    answer = machine.run(f"set -e\n{commands}")
    (machine.root / "etc/apt/apt.conf.d/99test").unlink()
    # Behind it is curl's progress.
    assert answer.count("data: {") > 5 and "data: [DONE]\n" in answer


def test_it_runs_as_installed(machine):
    assert machine.run("systemctl is-active deltad.socket deltad").split() == ["active"] * 2
    assert machine.run("systemctl is-enabled deltad.socket deltad").split() == ["enabled"] * 2
    assert machine.show("deltad", "NRestarts") == "0"


def test_it_answers_on_the_unix_domain_socket_too(machine):
    answer = ask(machine, to=f"--unix-socket /run/deltad/deltad.sock {ADDRESS}/v1/chat/completions")
    assert answer.rstrip().endswith("data: [DONE]")


def test_the_sockets_are_the_service_managers(machine):
    listening = [line for priority, line in journal(machine) if "listening" in line]
    assert len(listening) == 2
    assert machine.run("stat -c '%A %U' /run/deltad/deltad.sock").split() == ["srw-rw----", "root"]
    # All that was asked of them has been done.
    assert [line for _, line in journal(machine, "deltad.socket") if "failed" in line] == []


def test_the_journal_has_priorities_and_systemctl_a_line_for_people(machine):
    assert wait_for_line(machine, "listening") == "6"
    assert re.search(r'Status: "serving: \d+ generations', machine.run("systemctl status deltad"))


def test_the_sandbox_leaves_what_is_needed(machine):
    metrics = machine.run(f"curl -s {ADDRESS}/metrics")
    resident = re.search(r"^process_resident_memory_bytes (\S+)$", metrics, re.MULTILINE)[1]
    assert float(resident) > 1e6
    assert machine.run(f"curl -s {ADDRESS}/readyz")
    pid = machine.show("deltad", "MainPID")
    status = machine.run(f"cat /proc/{pid}/status")
    assert re.search(r"^Uid:\s+(?!0\b)\d+", status, re.MULTILINE)
    assert re.search(r"^CapBnd:\s+0+$", status, re.MULTILINE)
    assert re.search(r"^Seccomp:\s+2$", status, re.MULTILINE)
    assert [line for _, line in journal(machine) if "Failed" in line] == []
    # As many descriptors as this machine lets anybody have.
    soft, hard = machine.run(f"grep 'open files' /proc/{pid}/limits").split()[3:5]
    assert soft == hard


def test_the_watchdog_is_fed(machine):
    assert machine.show("deltad", "WatchdogUSec") == "30s"
    first = machine.show("deltad", "WatchdogTimestampMonotonic")
    wait_until(
        lambda: machine.show("deltad", "WatchdogTimestampMonotonic") != first,
        "the watchdog to be fed", patience=60,
    )


def test_a_reload_takes_a_good_file_and_keeps_to_it_when_the_next_is_bad(machine):
    pid = machine.show("deltad", "MainPID")
    self_asking = {
        "name": "self", "kind": "openai", "baseURL": "http://localhost:8080/v1",
    }
    configure(
        machine, **DEMO | {
            "upstreams": [*DEMO["upstreams"], self_asking],
            "models": [*DEMO["models"], {"id": "loop", "upstream": "self", "upstreamModel": "demo"}],
        })
    seen = len(journal(machine))
    machine.run("systemctl reload deltad")
    assert wait_for_line(machine, "taken", after=seen) == "6"
    # An upstream that is found by its name.
    assert ask(machine, "loop").rstrip().endswith("data: [DONE]")

    configure(machine, **DEMO | {"loops": -1})
    assert machine.try_run("systemctl reload deltad").returncode != 0
    seen = len(journal(machine))
    machine.run("systemctl kill --signal=HUP --kill-whom=main deltad")
    assert wait_for_line(machine, "refused", after=seen) in ("3", "4")
    assert ask(machine, "loop").rstrip().endswith("data: [DONE]")
    assert machine.show("deltad", "MainPID", "ActiveState") == [pid, "active"]


def test_a_key_is_a_credential(machine):
    machine.write("/etc/deltad/keys/carol", "a-key-for-carol-alone\n", 0o600)
    machine.write(
        "/etc/systemd/system/deltad.service.d/keys.conf",
        "[Service]\nLoadCredential=deltad-carol:/etc/deltad/keys/carol\n")
    configure(machine, **DEMO | {"keys": [{"name": "carol", "credential": "deltad-carol"}]})
    machine.run("systemctl daemon-reload; systemctl restart deltad")
    statuses = [
        machine.run(f"curl -s -o /dev/null -w '%{{http_code}}' {field} {ADDRESS}/v1/models")
        for field in ("", "-H 'Authorization: Bearer a-key-for-carol-alone'")
    ]
    assert statuses == ["401", "200"]
    seen = len(journal(machine))
    machine.run("systemctl reload deltad")
    # The check before it had the credential too.
    assert wait_for_line(machine, "taken", after=seen) == "6"


def test_an_operator_adds_a_socket_of_another_kind(machine):
    """As the comment in deltad.socket says."""
    text = (ROOT / "systemd/deltad.socket").read_text()
    example = re.search(r"^#   \[Socket\]\n(#   .*\n)+", text, re.MULTILINE)[0]
    machine.write(
        "/etc/systemd/system/deltad-metrics.socket", example.replace("#   ", ""))
    machine.run("systemctl daemon-reload; systemctl enable deltad-metrics.socket")
    machine.run("systemctl stop deltad.socket")
    machine.run("systemctl start deltad-metrics.socket deltad")
    status = "curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1:9464"
    assert machine.run(f"{status}/metrics") == "200"
    assert machine.run(f"{status}/v1/models") == "404"
    machine.run("systemctl disable --now deltad-metrics.socket; systemctl restart deltad")
    (machine.root / "etc/systemd/system/deltad-metrics.socket").unlink()


def test_an_operator_changes_the_address(machine):
    """As deltad(8) says."""
    page = (ROOT / "man/deltad.8").read_text()
    lines = re.search(r"^systemctl edit deltad.socket\n(.+?)^\.Ed", page, re.M | re.DOTALL)[1]
    machine.write("/etc/systemd/system/deltad.socket.d/override.conf", lines)
    configure(machine, **DEMO | {"listen": ["127.0.0.1:9090"]})
    pid = machine.show("deltad", "MainPID")
    machine.run("systemctl daemon-reload; systemctl restart deltad.socket")
    assert machine.run("curl -s http://127.0.0.1:9090/healthz")
    assert machine.show("deltad", "MainPID") != pid
    # curl's status for a connection that is refused.
    assert machine.try_run(f"curl -s {ADDRESS}/healthz").returncode == 7
    machine.run("rm -r /etc/systemd/system/deltad.socket.d; systemctl daemon-reload")
    configure(machine, **DEMO)

    # Without any inherited socket.
    machine.run("systemctl mask --now deltad.socket; systemctl restart deltad")
    assert machine.run(f"curl -s {ADDRESS}/healthz")
    assert machine.show("deltad.socket", "ActiveState") == "inactive"
    machine.run("systemctl unmask deltad.socket; systemctl stop deltad")
    machine.run("systemctl start deltad.socket deltad")


CLIENTS = [
    f"{ADDRESS}/healthz", f"{ADDRESS}/healthz", f"--unix-socket /run/deltad/deltad.sock {ADDRESS}/healthz",
    ASK.format(model="demo", to=f"{ADDRESS}/v1/chat/completions").removeprefix("curl -sN "),
    ASK.format(model="demo", to=f"{ADDRESS}/v1/chat/completions").removeprefix("curl -sN "),
]
AGAIN_AND_AGAIN = """
while [ ! -e /run/enough ]; do
  curl -s -o /dev/null --max-time 120 -w '%{{http_code}} %{{exitcode}}\\n' {request}
done
"""


def while_clients_connect(machine, change):
    """How often which status of HTTP and of curl came, by client."""
    machine.run("rm -f /run/enough")
    clients = [machine.start(AGAIN_AND_AGAIN.format(request=request)) for request in CLIENTS]
    try:
        change()
    finally:
        machine.run("touch /run/enough")
    return [client.communicate(timeout=120)[0].splitlines() for client in clients]


def nobody_was_refused(answers):
    assert all(answers)
    for lines in answers[:3]:
        assert len(lines) > 1 and set(lines) == {"200 0"}
    # Who asks for an answer at the last moment may be told to ask again.
    assert {line for lines in answers[3:] for line in lines} <= {"200 0", "503 0"}


def test_nobody_is_refused_while_it_restarts(machine):
    configure(machine, **DEMO)
    machine.run("systemctl restart deltad")
    pids = {machine.show("deltad", "MainPID")}

    def change():
        for _ in range(3):
            machine.run("systemctl restart deltad")
            pids.add(machine.show("deltad", "MainPID"))

    nobody_was_refused(while_clients_connect(machine, change))
    assert len(pids) == 4


def test_nobody_is_refused_while_it_is_upgraded(machine):
    pid = machine.show("deltad", "MainPID")
    since = machine.show("deltad.socket", "ActiveEnterTimestampMonotonic")
    nobody_was_refused(
        while_clients_connect(machine, lambda: machine.run(f"{INSTALL} --reinstall {PACKAGE}")))
    assert machine.show("deltad", "MainPID") != pid
    assert machine.show("deltad.socket", "ActiveEnterTimestampMonotonic") == since
    # What an administrator has written in a configuration file stays.
    assert json.loads((machine.root / CONFIGURATION.lstrip("/")).read_text()) == DEMO


def test_a_daemon_that_hangs_is_started_anew(machine):
    machine.write(
        "/etc/systemd/system/deltad.service.d/watchdog.conf",
        "[Service]\nWatchdogSec=2\nLimitCORE=0\n")
    machine.run("systemctl daemon-reload; systemctl restart deltad")
    pid = machine.show("deltad", "MainPID")
    machine.run("systemctl kill --signal=STOP --kill-whom=main deltad")
    wait_until(
        lambda: machine.show("deltad", "NRestarts", "ActiveState") == ["1", "active"],
        "the daemon to be started anew", patience=60)
    assert machine.show("deltad", "MainPID") != pid
    assert any("watchdog" in line.lower() for _, line in journal(machine))
    machine.run("rm /etc/systemd/system/deltad.service.d/watchdog.conf; systemctl daemon-reload")


def test_a_bad_configuration_is_not_tried_for_ever(machine):
    configure(machine, **DEMO | {"loops": -1})
    assert machine.try_run("systemctl restart deltad").returncode != 0
    wait_until(
        lambda: machine.show("deltad", "ActiveState") == "failed", "it to be left alone", 60)
    configure(machine, **DEMO)
    machine.run("systemctl reset-failed; systemctl start deltad.socket deltad")
    assert ask(machine).rstrip().endswith("data: [DONE]")


def test_what_a_stop_tells(machine):
    machine.run("systemctl stop deltad.socket")
    ended = ("ActiveState", "Result", "ExecMainStatus")
    assert machine.show("deltad", *ended) == ["inactive", "success", "0"]

    slow = {"name": "demo", "kind": "demo", "pace": "10s"}
    now = {"shutdown": "0s", "release": "0s"}
    configure(machine, **DEMO | {"upstreams": [slow], "timeouts": now})
    machine.run("systemctl start deltad.socket deltad")
    reader = machine.start(ASK.format(model="demo", to=f"{ADDRESS}/v1/chat/completions"))
    assert reader.stdout.readline()
    machine.run("systemctl stop deltad.socket deltad")
    assert "shutting_down" in reader.communicate(timeout=60)[0]
    assert machine.show("deltad", *ended) == ["inactive", "success", "3"]


def test_purging_leaves_nothing(machine):
    configure(machine, **DEMO)
    machine.run("systemctl start deltad.socket deltad")
    state = machine.run("ls /var/lib/private/deltad").split()
    assert "deltad.db" in state
    pid = machine.show("deltad", "MainPID")
    # The administrator's own drop-ins are the administrator's.
    machine.run("rm -r /etc/systemd/system/deltad.service.d")
    machine.run("apt-get purge --yes --quiet deltad")
    assert machine.try_run(f"test -e /proc/{pid}").returncode == 1
    assert machine.try_run("test -e /run/deltad").returncode == 1
    owned = set(
        machine.run("cat /var/lib/dpkg/info/*.list").splitlines())
    # What belongs to apt, dpkg, the journal, and the packages that were installed beside.
    others = (
        "/var/log/", "/var/lib/dpkg/", "/var/lib/apt/", "/var/cache/", "/var/lib/systemd/",
        "/etc/ssl/certs/", "/etc/ca-certificates", "/usr/local/share/ca-certificates", "/root/",
    )
    left = {
        path for path in machine.files() - machine.before - owned
        if not path.startswith(others) and path != "/var/lib/private"
    }
    assert left == set()
    assert not [path for path in machine.files() if "deltad" in path and path != PACKAGE]
