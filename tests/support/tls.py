"""Scripts that are played inside TLS, and the certificates that this takes."""

import socket
import ssl

import trustme

from support.scripted_server import Script


def over_tls(script: Script, context: ssl.SSLContext) -> Script:
    """Return a script that plays another one inside TLS."""

    def wrapped(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as inside:
            script(inside)

    return wrapped


def server_context(certificate: trustme.LeafCert) -> ssl.SSLContext:
    """Return a server's context that shows a certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


def tls_contexts() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Return a server's context for 127.0.0.1, and a client's that trusts it."""
    authority, trusting = trustme.CA(), ssl.create_default_context()
    authority.configure_trust(trusting)
    return server_context(authority.issue_cert("127.0.0.1")), trusting


def https(base_url: str) -> str:
    """Return the same address over TLS."""
    return base_url.replace("http://", "https://")
