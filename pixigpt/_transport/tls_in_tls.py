"""TLS inside TLS: a connection to an HTTPS host through an HTTPS proxy, which the ssl module cannot do on a socket."""

import ssl
from collections.abc import Callable
from typing import TypeVar

import httpcore

T = TypeVar("T")

_CHUNK_SIZE = 16384


class TLSInTLSStream(httpcore.NetworkStream):
    """TLS through the tunnel of a TLS proxy. The outer stream does all the waiting."""

    def __init__(
        self, outer: httpcore.NetworkStream, context: ssl.SSLContext, server_hostname: str | None, timeout: float | None
    ) -> None:
        self._outer = outer
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=server_hostname)
        self._run(self._tls.do_handshake, timeout, httpcore.ConnectError)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._run(lambda: self._tls.read(max_bytes), timeout, httpcore.ReadError)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._run(lambda: self._tls.write(buffer), timeout, httpcore.WriteError)

    def close(self) -> None:
        self._outer.close()

    def get_extra_info(self, info: str) -> object:
        if info == "is_readable" and (self._incoming.pending or self._tls.pending()):
            return True
        return self._tls if info == "ssl_object" else self._outer.get_extra_info(info)

    def _run(self, step: Callable[[], T], timeout: float | None, error: type[httpcore.NetworkError]) -> T:
        """Run a step of the inner TLS, and carry its bytes to and from the outer stream."""
        while True:
            try:
                result = step()
            except ssl.SSLWantReadError:
                self._flush(timeout)
                self._feed(self._outer.read(_CHUNK_SIZE, timeout))
            except ssl.SSLError as cause:
                raise error(str(cause)) from cause
            else:
                self._flush(timeout)
                return result

    def _flush(self, timeout: float | None) -> None:
        self._outer.write(self._outgoing.read(), timeout)

    def _feed(self, data: bytes) -> None:
        if data:
            self._incoming.write(data)
        else:
            self._incoming.write_eof()
