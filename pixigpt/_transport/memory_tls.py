"""TLS in memory: bytes in, bytes out, for a socket that the ssl module cannot wrap."""

import ssl
from collections.abc import Iterator

_READ_SIZE = 65536


class MemoryTLS:
    """The client's side of one TLS session."""

    def __init__(self, context: ssl.SSLContext, server_hostname: str | None) -> None:
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=server_hostname)

    def feed(self, data: bytes) -> None:
        """Take what the socket gave; nothing means its end."""
        if data:
            self._incoming.write(data)
        else:
            self._incoming.write_eof()

    def outgoing(self) -> bytes:
        """Return what is to be sent."""
        return self._outgoing.read()

    def shake_hands(self) -> bool:
        """Go on with the handshake; return whether it is done."""
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return False
        return True

    def encrypt(self, data: bytes | memoryview) -> bytes:
        """Return some data as it is to be sent."""
        self._tls.write(data)
        return self.outgoing()

    def decrypt(self) -> Iterator[bytes]:
        """Yield what has arrived; nothing at the end, whether it was announced or not."""
        while True:
            try:
                data = self._tls.read(_READ_SIZE)
            except ssl.SSLWantReadError:
                return
            except (ssl.SSLEOFError, ssl.SSLZeroReturnError):
                data = b""
            yield data
            if not data:
                return
