"""The configurations of etc/ as tests run them: with other addresses, files and times."""

import os

from Support.processes import ROOT

FILES = {
    "nginx": "etc/nginx/deltad.conf",
    "caddy": "etc/caddy/Caddyfile",
    "haproxy": "etc/haproxy/haproxy.cfg",
}
HOST_NAME = "relay.example.com"  # as in the files; the certificate is for it

# Debian's nginx.conf in what matters, with all that the shipped file must overrule at its worst.
NGINX_MAIN = """
{user}
worker_processes 2;
# An operator's own choice; so short that a reload cuts who still reads.
worker_shutdown_timeout 1s;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/log;
events {{ worker_connections 768; }}
http {{
    access_log {folder}/access;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    gzip on; gzip_types *; gzip_proxied any; gzip_min_length 1;
    ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3;
    include {folder}/deltad.conf;
}}
"""


def shipped(name):
    return (ROOT / FILES[name]).read_text()


def replaced(text, changes):
    """The text with each of the changes made, whose left side must be there exactly once."""
    for old, new in changes:
        assert text.count(old) == 1, f"{text.count(old)} times in the file: {old}"
        text = text.replace(old, new)
    return text


def write(name, folder, port, upstream, certificate, times):
    """Writes the configuration; the command that runs the proxy with it.

    `upstream` is "127.0.0.1:PORT", "unix:PATH" or, for HAProxy, "proxy:PORT", where deltad wants
    the PROXY protocol. `times` are further changes.
    """
    kind, _, place = upstream.partition(":")
    return WRITERS[name](folder, port, (kind, place), certificate, times)


def write_nginx(folder, port, upstream, certificate, times):
    tcp, unix = "    server 127.0.0.1:8080;", "    #server unix:/run/deltad/deltad.sock;"
    kind, place = upstream
    changes = {
        "unix": [(tcp, "    #"), (unix, f"    server unix:{place};")],
        "127.0.0.1": [(tcp, f"    server 127.0.0.1:{place};")],
    }[kind]
    changes += [
        ("listen 443 ssl http2;", f"listen 127.0.0.1:{port} ssl http2;"),
        ("listen [::]:443 ssl http2;", ""),
        ("/etc/ssl/deltad/fullchain.pem", str(certificate.chain)),
        ("/etc/ssl/deltad/privkey.pem", str(certificate.key)),
    ]
    (folder / "deltad.conf").write_text(replaced(shipped("nginx"), [*changes, *times]))
    # Only a master that is root can change users, and then its workers must read the folder.
    user = "user root;" if os.getuid() == 0 else ""
    (folder / "nginx.conf").write_text(NGINX_MAIN.format(folder=folder, user=user))
    return ["nginx", "-e", f"{folder}/log", "-c", f"{folder}/nginx.conf"]


def write_caddy(folder, port, upstream, certificate, times):
    kind, place = upstream
    address = {"unix": f"unix/{place}", "127.0.0.1": f"127.0.0.1:{place}"}[kind]
    changes = [
        # Port 80 and the administrator's port are the machine's.
        ("\tgrace_period 10s", f"\tgrace_period 1s\n\tauto_https off\n\tadmin unix/{folder}/admin"),
        (f"{HOST_NAME} {{", f"{HOST_NAME}:{port} {{"),
        ("reverse_proxy 127.0.0.1:8080 {", f"reverse_proxy {address} {{"),
        ("#tls /etc/ssl/deltad/fullchain.pem /etc/ssl/deltad/privkey.pem",
         f"tls {certificate.chain} {certificate.key}"),
    ]
    (folder / "Caddyfile").write_text(replaced(shipped("caddy"), [*changes, *times]))
    return ["caddy", "run", "--config", f"{folder}/Caddyfile"]


def write_haproxy(folder, port, upstream, certificate, times):
    tcp = "    server deltad 127.0.0.1:8080"
    unix = "    #server deltad unix@/run/deltad/deltad.sock"
    proxy = "    #server deltad 127.0.0.1:8081 send-proxy-v2"
    kind, place = upstream
    changes = {
        "unix": [(tcp, "    #"), (unix, f"    server deltad unix@{place}")],
        "proxy": [(tcp, "    #"), (proxy, f"    server deltad 127.0.0.1:{place} send-proxy-v2")],
        "127.0.0.1": [(tcp, f"    server deltad 127.0.0.1:{place}")],
    }[kind]
    changes += [
        # Who runs the tests may not be able to become somebody else.
        ("    user haproxy\n    group haproxy\n", ""),
        ("    chroot /var/lib/haproxy\n", ""),
        ("log /dev/log local0 notice", "log stderr format raw local0 notice"),
        ("hard-stop-after 15m", "hard-stop-after 1s"),
        ("bind :::443 v4v6 ssl crt /etc/haproxy/deltad.pem",
         f"bind 127.0.0.1:{port} ssl crt {certificate.both}"),
    ]
    (folder / "haproxy.cfg").write_text(replaced(shipped("haproxy"), [*changes, *times]))
    # Master and worker, as Debian's unit runs it.
    return ["haproxy", "-W", "-f", f"{folder}/haproxy.cfg"]


WRITERS = {"nginx": write_nginx, "caddy": write_caddy, "haproxy": write_haproxy}
