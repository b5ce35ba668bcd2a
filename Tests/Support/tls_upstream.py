"""An authority of our own, its certificates, and an upstream that speaks TLS with them."""

import datetime
import ipaddress
import socket
import ssl
import threading

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DAY = datetime.timedelta(days=1)


def _name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _pem(certificate):
    return certificate.public_bytes(serialization.Encoding.PEM)


class Authority:
    """A certificate authority; its certificate is the file `certificate` in `folder`."""

    def __init__(self, folder, name):
        self.folder = folder
        self.name = name
        self._key = ec.generate_private_key(ec.SECP256R1())
        now = datetime.datetime.now(datetime.timezone.utc)
        self._certificate = (
            self._builder(_name(name), self._key, now - 30 * DAY, now + 30 * DAY)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .sign(self._key, hashes.SHA256())
        )
        self.certificate = folder / f"{name}.pem"
        self.certificate.write_bytes(_pem(self._certificate))

    def _builder(self, subject, key, start, end):
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(_name(self.name))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(end)
        )

    def issue(self, label, hosts=("localhost", "127.0.0.1"), days=(-1, 1),
              usage=ExtendedKeyUsageOID.SERVER_AUTH):
        """The files of a certificate and its key, valid for `days` from now."""
        key = ec.generate_private_key(ec.SECP256R1())
        now = datetime.datetime.now(datetime.timezone.utc)
        names = []
        for host in hosts:
            try:
                names.append(x509.IPAddress(ipaddress.ip_address(host)))
            except ValueError:
                names.append(x509.DNSName(host))
        certificate = (
            self._builder(_name(label), key, now + days[0] * DAY, now + days[1] * DAY)
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        file, key_file = self.folder / f"{label}.pem", self.folder / f"{label}.key"
        file.write_bytes(_pem(certificate))
        key_file.write_bytes(key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption()))
        return file, key_file


class TLSUpstream:
    """A server on a free loopback port that gives every POST the same recorded event stream.

    It speaks HTTP/1.1 and keeps connections. `connections` has one dictionary for each that has
    come: `received` is what was read, decrypted, without the handshake, `is_over` whether it has
    ended. Without a certificate it does not speak TLS at all, and only notes what comes.
    """

    def __init__(self, recording, certificate=None):
        self.recording = recording
        self.connections = []
        self._context = None
        if certificate:
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._context.load_cert_chain(*certificate)
            self._context.set_alpn_protocols(["http/1.1"])
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            record = {"received": b"", "is_over": False}
            self.connections.append(record)
            thread = threading.Thread(target=self._serve, args=(client, record), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, client, record):
        try:
            with client:
                if self._context is None:
                    record["received"] = client.recv(65536)
                    return client.sendall(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
                with self._context.wrap_socket(client, server_side=True) as client:
                    while self._answer(client, record):
                        pass
        except OSError:
            pass  # A client that refuses the handshake, or breaks the connection.
        finally:
            record["is_over"] = True

    def _answer(self, client, record):
        """False at the end of the connection."""
        data = b""
        while b"\r\n\r\n" not in data:
            part = client.recv(65536)
            if not part:
                return False
            data += part
            record["received"] += part
        head, _, body = data.partition(b"\r\n\r\n")
        fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
        missing = int(fields[b"content-length"]) - len(body)
        while missing > 0:
            part = client.recv(missing)
            record["received"] += part
            missing -= len(part)
        client.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                       b"Transfer-Encoding: chunked\r\n\r\n")
        for event in self.recording:
            client.sendall(b"%x\r\n%s\r\n" % (len(event), event))
        client.sendall(b"0\r\n\r\n")
        return True

    def stop(self):
        # Closing does not wake a thread that waits in accept; shutting down does.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(10)
            assert not thread.is_alive()
