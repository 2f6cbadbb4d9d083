"""What a provider's client may meet on its way: nobody, a stranger, or a peer that hangs up."""

from __future__ import annotations

import datetime
import io
import ipaddress
import logging
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.services import PATIENCE


@contextmanager
def refusing() -> Iterator[str]:
    """A port at which nobody listens."""
    with closing(socket.socket()) as bound:
        bound.bind(("127.0.0.1", 0))
        yield "http://{}:{}".format(*bound.getsockname())


@contextmanager
def not_answering() -> Iterator[str]:
    """A port whose queue of connections is full."""
    with closing(socket.socket()) as listener, closing(socket.socket()) as first:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        first.connect(listener.getsockname())
        yield "http://{}:{}".format(*listener.getsockname())


@contextmanager
def everything_logged() -> Iterator[io.StringIO]:
    lines = io.StringIO()
    handler, root = logging.StreamHandler(lines), logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield lines
    finally:
        root.removeHandler(handler)
        root.setLevel(before)


@contextmanager
def hanging_up(after_bytes: int) -> Iterator[str]:
    """A server that takes a connection, reads so much, and closes it."""

    def take(connection: socket.socket) -> None:
        if after_bytes:
            connection.recv(after_bytes)

    with serving(take) as url:
        yield f"http://{url}"


@contextmanager
def redirecting(to: str, status: int) -> Iterator[str]:
    """A server that sends whoever asks it to another address."""

    def take(connection: socket.socket) -> None:
        connection.recv(65_536)
        head = f"HTTP/1.1 {status} Elsewhere\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n"
        connection.sendall(head.encode())

    with serving(take) as url:
        yield f"http://{url}"


@contextmanager
def visited_by_nobody() -> Iterator[str]:
    """An address to which nothing may come."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        yield "http://{}:{}/".format(*listener.getsockname())
        listener.setblocking(False)
        with pytest.raises(BlockingIOError):
            listener.accept()


@contextmanager
def strangers_tls(folder: Path) -> Iterator[str]:
    """A server that proves to be itself with a certificate of its own making."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(_certificate(folder / "stranger.pem"))

    def take(connection: socket.socket) -> None:
        with pytest.raises((ssl.SSLError, ConnectionError)):
            context.wrap_socket(connection, server_side=True).recv(1)

    with serving(take) as url:
        yield f"https://{url}"


@contextmanager
def serving(take: Callable[[socket.socket], None]) -> Iterator[str]:
    """One connection, handed to `take` on a thread; the address it comes to."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:

        def accept() -> None:
            with closing(listener.accept()[0]) as connection:
                take(connection)

        thread = threading.Thread(target=accept)
        thread.start()
        yield "{}:{}".format(*listener.getsockname())
        thread.join(PATIENCE)


def _certificate(path: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "stranger")])
    today = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(today)
        .not_valid_after(today + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return path
