"""How each peer is configured and started: one worker, on one processor, quiet, kept connections."""

import getpass
import json
import subprocess
import sys

from .processes import (
    DESCRIPTORS, LOAD_CPU, RELEASE, ROOT, SERVER_CPU, Process, Unavailable, free_port, free_ports)

# As many as the descriptors of a process allow, with a few for itself.
CONNECTIONS = DESCRIPTORS - 100
ROUTER = ROOT / ".venv-bench"
ROUTER_PACKAGE = "sglang-router==0.3.2"
NCHAN_MODULE = "/usr/lib/nginx/modules/ngx_nchan_module.so"


class Peer:
    """A server under measurement: `url` for relayed requests, `pid` for its costs."""

    def __init__(self, process, port):
        self.process, self.port, self.pid = process, port, process.pid
        self.base = f"http://127.0.0.1:{port}"
        self.url = f"{self.base}/v1/chat/completions"

    def stop(self):
        self.process.stop()


class Direct:
    """No server at all: the load goes straight to the model."""

    def __init__(self, upstream):
        self.port, self.pid = upstream, None
        self.url = f"http://127.0.0.1:{upstream}/v1/chat/completions"

    def stop(self):
        pass


def launch(command, port, folder, cpus=SERVER_CPU):
    process = Process(command, folder / f"{port}.log", cpus)
    process.wait_for(port)
    return Peer(process, port)


def start_model(folder, options, cpus=LOAD_CPU):
    """deltaload's mock model; its port is what peers get as their upstream."""
    port = free_port()
    return launch([RELEASE / "deltaload", "model", "--port", port, *options], port, folder, cpus)


def start_deltad(folder, upstream, loops=1, cpus=SERVER_CPU):
    port = free_port()
    configuration = folder / f"deltad-{port}.json5"
    configuration.write_text(json.dumps({
        "listen": [f"127.0.0.1:{port}"], "loops": loops, "log": {"level": "error"},
        "limits": {"connections": CONNECTIONS, "generations": 10_000},
        "upstreams": [{"name": "model", "kind": "openai", "idleConnections": 1024,
                       "baseURL": f"http://127.0.0.1:{upstream}/v1"}],
        "models": [{"id": "*", "upstream": "model"}]}))
    command = [RELEASE / "deltad", "serve", "--config", configuration]
    return launch(command, port, folder, cpus)


def nginx(folder, servers, load=""):
    """nginx with one worker; `servers` is the inside of `http`, where PORT stands for its port."""
    port = free_port()
    # Only a master that is root can change users, and then its worker must read the folder.
    user = "user root;" if getpass.getuser() == "root" else ""
    places = "".join(f"{kind}_temp_path {folder}/{kind}-{port};\n" for kind in (
        "client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    configuration = folder / f"nginx-{port}.conf"
    configuration.write_text(f"""{load}
        {user} worker_processes 1; worker_rlimit_nofile {DESCRIPTORS};
        daemon off; pid {folder}/nginx-{port}.pid; error_log {folder}/nginx-{port}.log;
        events {{ worker_connections {CONNECTIONS}; use epoll; }}
        http {{
          access_log off; keepalive_requests 1000000000; {places}
          {servers.replace("PORT", str(port))}
        }}""")
    command = ["nginx", "-e", f"{folder}/nginx-{port}.log", "-c", configuration]
    return launch(command, port, folder)


def start_nginx(folder, upstream):
    return nginx(folder, f"""
        upstream model {{
          server 127.0.0.1:{upstream}; keepalive 1024; keepalive_requests 1000000000;
        }}
        server {{
          listen 127.0.0.1:PORT backlog=4096;
          location / {{
            proxy_pass http://model; proxy_http_version 1.1; proxy_set_header Connection "";
            proxy_buffering off; proxy_read_timeout 600s;
          }}
        }}""")


def start_nchan(folder, upstream):
    """Channels at /pub/NAME and /sub/NAME."""
    return nginx(folder, r"""
        nchan_shared_memory_size 512M;
        server {
          listen 127.0.0.1:PORT backlog=4096;
          location ~ /sub/(\w+)$ {
            nchan_subscriber eventsource; nchan_channel_id $1;
            nchan_subscriber_first_message oldest;
          }
          location ~ /pub/(\w+)$ {
            nchan_publisher; nchan_channel_id $1;
            nchan_message_buffer_length 5000; nchan_message_timeout 5m;
          }
        }""", load=f"load_module {NCHAN_MODULE};")


def start_haproxy(folder, upstream):
    port = free_port()
    configuration = folder / f"haproxy-{port}.cfg"
    configuration.write_text(f"""
global
  nbthread 1
  maxconn {CONNECTIONS // 2}
  tune.maxaccept 1000
defaults
  mode http
  http-reuse always
  option http-no-delay
  timeout connect 10s
  timeout client 600s
  timeout server 600s
listen relay
  bind 127.0.0.1:{port} backlog 4096
  server model 127.0.0.1:{upstream}
""")
    return launch(["haproxy", "-db", "-q", "-f", configuration], port, folder)


def install_router():
    """sglang-router comes from PyPI as a wheel, into a place of its own."""
    if (ROUTER / "complete").exists():
        return
    for command in ([sys.executable, "-m", "venv", ROUTER],
                    [ROUTER / "bin/pip", "install", "-q", "--only-binary", ":all:",
                     ROUTER_PACKAGE]):
        run = subprocess.run(command, capture_output=True, text=True)
        if run.returncode != 0:
            raise Unavailable(f"{ROUTER_PACKAGE} cannot be installed: {run.stderr[-300:]}")
    (ROUTER / "complete").touch()


def start_router(folder, upstream):
    install_router()
    port, metrics = free_ports(2)
    return launch(
        [ROUTER / "bin/python", "-m", "sglang_router.launch_router", "--host", "127.0.0.1",
         "--port", port, "--worker-urls", f"http://127.0.0.1:{upstream}", "--policy",
         "round_robin", "--log-level", "error", "--prometheus-port", metrics,
         "--prometheus-host", "127.0.0.1", "--max-concurrent-requests", "-1",
         "--disable-health-check", "--disable-retries", "--disable-circuit-breaker"],
        port, folder)


STARTERS = {
    "direct": lambda folder, upstream: Direct(upstream),
    "nginx": start_nginx, "haproxy": start_haproxy, "sglang-router": start_router,
    "Nchan": start_nchan, "deltad": start_deltad,
}


def versions():
    """What each says of itself, for the report."""
    def said(*command):
        try:
            run = subprocess.run(command, capture_output=True, text=True)
        except OSError:
            return None
        return (run.stdout + run.stderr).splitlines()[0] if run.returncode == 0 else None

    nginx_version = said("nginx", "-v")
    haproxy_version = said("haproxy", "-v")
    nchan = said("dpkg-query", "-W", "-f", "${Version}", "libnginx-mod-nchan")
    router = ROUTER_PACKAGE.replace("==", " ") if (ROUTER / "complete").exists() else None
    swift = said("swift", "--version")
    return {name: version for name, version in {
        "nginx": nginx_version and nginx_version.rsplit("/", 1)[-1],
        "haproxy": haproxy_version and haproxy_version.split()[2].split("-")[0],
        "Nchan": nchan and nchan.split(":")[-1].split("+")[0].split("-")[0],
        "sglang-router": router and router.split()[1],
        "Swift": swift and swift.split("version ")[-1].split()[0],
    }.items() if version}
