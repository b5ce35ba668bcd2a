#!/usr/bin/env python3
"""CPU of deltad per relayed event, beside nginx on the same upstream, and per delivery of a fan-out.

    make build && swift build -c release --product scripted-model
    apt-get install nginx-light
    python3 Benchmarks/measure.py [--rounds 3]

The server under test has CPU 0 to itself, with one loop (nginx: one worker); the model and this
reader share CPU 1. Rounds alternate between the peers. Figures are user + system time of the
server's processes, from /proc, over events counted here: rates say how busy the reader was, and
mean nothing. Loopback only; takes about a minute and a half.
"""

import argparse
import asyncio
import json
import os
import pathlib
import re
import resource
import signal
import socket
import statistics
import subprocess
import tempfile
import threading
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
TICK = os.sysconf("SC_CLK_TCK")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start(command, cpu, wait_for=None, stream="stderr"):
    pipes = {stream: subprocess.PIPE}
    process = subprocess.Popen(
        command, text=True, preexec_fn=lambda: os.sched_setaffinity(0, {cpu}), **pipes)
    while wait_for:
        line = getattr(process, stream).readline()
        if not line:
            raise SystemExit(f"{command[0]} did not start")
        found = re.search(wait_for, line)
        if found:
            return process, int(found.group(1))
    return process, None


def children(pid):
    found = [pid]
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            found += children(int(child))
    return found


def cpu_seconds(pid):
    total = 0
    for member in children(pid):
        fields = pathlib.Path(f"/proc/{member}/stat").read_text().rsplit(")", 1)[1].split()
        total += int(fields[11]) + int(fields[12])
    return total / TICK


def request(port, body):
    data = json.dumps(body).encode()
    head = (f"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n")
    return head.encode() + data


async def read_answers(port, body, counter, until):
    """Asks again and again on one connection; counts events as they come."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    loop = asyncio.get_running_loop()
    try:
        while loop.time() < until:
            writer.write(request(port, body))
            tail = b""
            while True:
                chunk = await reader.read(1 << 16)
                if not chunk:
                    raise SystemExit("the connection broke")
                counter[0] += (tail[-5:] + chunk).count(b"data: ")
                tail = (tail + chunk)[-16:]
                if tail.endswith(b"0\r\n\r\n"):
                    break
                if loop.time() >= until:
                    return
    finally:
        writer.close()


async def relay(port, pid, model, connections, seconds):
    """Microseconds of the server's CPU per event."""
    counter = [0]
    loop = asyncio.get_running_loop()
    until = loop.time() + seconds + 1
    body = {"model": model, "stream": True, "messages": [{"role": "user", "content": "x"}]}
    tasks = [asyncio.create_task(read_answers(port, body, counter, until))
             for _ in range(connections)]
    await asyncio.sleep(1)
    events, cpu = counter[0], cpu_seconds(pid)
    await asyncio.sleep(seconds)
    result = (cpu_seconds(pid) - cpu) * 1e6 / (counter[0] - events)
    await asyncio.gather(*tasks)
    return result


async def subscriber(port, stream, counter):
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 16)
    writer.write(f"GET /v1/streams/{stream} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    tail = b""
    while True:
        chunk = await reader.read(1 << 16)
        counter[0] += (tail[-5:] + chunk).count(b"data: ")
        tail = (tail + chunk)[-16:]
        if not chunk or tail.endswith(b"0\r\n\r\n"):
            break
    writer.close()


async def fan_out(port, pid, subscribers, gate):
    """Microseconds of the server's CPU per delivered event."""
    body = json.dumps({"model": "fan", "messages": [{"role": "user", "content": "x"}]}).encode()
    post = urllib.request.Request(
        f"http://127.0.0.1:{port}/v1/streams", body, {"Content-Type": "application/json"})
    stream = json.load(urllib.request.urlopen(post))["id"]
    counter = [0]
    tasks = [asyncio.create_task(subscriber(port, stream, counter)) for _ in range(subscribers)]
    while counter[0] < subscribers:  # each has had the event before the gate
        await asyncio.sleep(0.05)
    events, cpu = counter[0], cpu_seconds(pid)
    gate()
    await asyncio.gather(*tasks)
    return (cpu_seconds(pid) - cpu) * 1e6 / (counter[0] - events)


def control(port, method, path, value=None):
    data = json.dumps(value).encode() if value is not None else b""
    urllib.request.urlopen(
        urllib.request.Request(f"http://127.0.0.1:{port}{path}", data, method=method)).read()


def start_model():
    model, port = start(
        [ROOT / ".build/release/scripted-model"], 1, r"listening on .*:(\d+)", "stdout")
    model_scripts(port)
    return model, port


def model_scripts(port):
    control(port, "PUT", "/control/scripts/fast", {"attempts": [{"steps": [
        {"role": True}, {"stamped": 200}, {"finish": "stop"}, {"done": True}]}]})
    control(port, "PUT", "/control/scripts/paced", {"attempts": [{"steps": [
        {"role": True}, {"stamped": 100, "pace": "100ms"}, {"finish": "stop"}, {"done": True}]}]})
    control(port, "PUT", "/control/scripts/fan", {"attempts": [{"steps": [
        {"role": True}, {"text": "x"}, {"gate": "go"}, {"stamped": 100, "pace": "50ms"},
        {"finish": "stop"}, {"done": True}]}]})


def start_nginx(folder, upstream):
    port = free_port()
    (folder / "nginx.conf").write_text(f"""
        worker_processes 1; daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx.log;
        events {{ worker_connections 4096; }}
        http {{
          access_log off; keepalive_requests 1000000;
          client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
          uwsgi_temp_path {folder}; scgi_temp_path {folder};
          upstream model {{ server 127.0.0.1:{upstream}; keepalive 1024; }}
          server {{
            listen 127.0.0.1:{port};
            location / {{
              proxy_pass http://model; proxy_http_version 1.1; proxy_set_header Connection "";
              proxy_buffering off;
            }}
          }}
        }}""")
    process, _ = start(["nginx", "-e", f"{folder}/nginx.log", "-c", f"{folder}/nginx.conf"], 0)
    return process, port


def start_deltad(folder, upstream):
    (folder / "deltad.json5").write_text(json.dumps({
        "listen": ["127.0.0.1:0"], "loops": 1, "log": {"level": "info"},
        "upstreams": [{"name": "model", "kind": "openai", "idleConnections": 1024,
                       "baseURL": f"http://127.0.0.1:{upstream}/v1"}],
        "models": [{"id": "*", "upstream": "model"}]}))
    process, port = start(
        [ROOT / ".build/release/deltad", "serve", "--config", folder / "deltad.json5"], 0,
        r"listening address=.*:(\d+)")
    # It logs a line a request, as it does in service; somebody has to read them.
    threading.Thread(target=process.stderr.read, daemon=True).start()
    return process, port


def median(values, unit="µs"):
    return (f"{statistics.median(values):.2f} {unit} "
            f"({min(values):.2f}–{max(values):.2f})")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    os.sched_setaffinity(0, {1})
    started = []
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        try:
            model, upstream = start_model()
            started.append(model)
            nginx, nginx_port = start_nginx(folder, upstream)
            started.append(nginx)
            deltad, deltad_port = start_deltad(folder, upstream)
            started.append(deltad)
            peers = {"nginx": (nginx_port, nginx.pid), "deltad": (deltad_port, deltad.pid)}
            print("| work | nginx | deltad | ratio |\n|---|---|---|---|", flush=True)
            for title, script, connections in (
                    ("64 streams as fast as they go, µs of CPU per event", "fast", 64),
                    ("500 streams, an event each 100 ms, µs of CPU per event", "paced", 500)):
                figures = {"nginx": [], "deltad": []}
                for _ in range(rounds):
                    for peer, (port, pid) in peers.items():
                        figures[peer].append(
                            asyncio.run(relay(port, pid, script, connections, 4)))
                ratios = [d / n for n, d in zip(figures["nginx"], figures["deltad"])]
                print(f"| {title} | {median(figures['nginx'])} | {median(figures['deltad'])} "
                      f"| {median(ratios, '×')} |", flush=True)
            costs = []
            for _ in range(rounds):
                control(upstream, "DELETE", "/control/scripts")
                model_scripts(upstream)
                costs.append(asyncio.run(fan_out(
                    deltad_port, deltad.pid, 1000,
                    lambda: control(upstream, "POST", "/control/gates/go"))))
            rates = [1e6 / cost for cost in costs]
            print(f"| 1,000 subscribers, µs of CPU per delivery | | {median(costs)} | |")
            print(f"| the same, deliveries per second and core | | "
                  f"{statistics.median(rates):,.0f} ({min(rates):,.0f}–{max(rates):,.0f}) | |")
        finally:
            for process in reversed(started):
                process.send_signal(signal.SIGTERM)
            for process in reversed(started):
                process.wait(10)


if __name__ == "__main__":
    main()
