"""A response's bytes as they come: sent for like any call, and read up to the first byte before it is handed over."""

from typing import Any

from attrs import define, field

from pixigpt._endpoint import Call
from pixigpt._flow import Reading, open_flow
from pixigpt._settings import Settings
from pixigpt._steps import Flow, Outcome, Piece


def byte_flow(call: Call[Any], settings: Settings) -> Flow["ByteReading"]:
    """Send a call, retrying by the policy, until the first byte of its response is there, of whatever type that is."""
    return (yield from open_flow(call.with_headers({"accept": "*/*"}), settings, ByteReading.begin))


@define
class ByteReading:
    """The bytes of a response as they come, for `stream_call`."""

    reading: Reading[Any]
    _first: Outcome | None = None
    _is_unread: bool = True
    first_chunk_after: float | None = field(init=False, default=None)

    @property
    def is_over(self) -> bool:
        """Whether all of it was read."""
        return self.reading.is_over

    @classmethod
    def begin(cls, reading: Reading[Any]) -> "Flow[ByteReading]":
        """Read up to the first byte, to see that there is one, or to the end."""
        while True:
            outcome = yield reading.step()
            if not isinstance(outcome, Piece):
                reading.piece(outcome)  # raises
            elif outcome.content or outcome.is_last:
                return cls(reading, outcome)

    def content(self) -> bytes:
        """Return nothing: what was read is not kept."""
        return b""

    def take_first(self) -> Outcome | None:
        """Return the piece that was read to see that there is one, once."""
        first, self._first, self._is_unread = self._first, None, False
        return first

    def check_unread(self) -> None:
        """Raise RuntimeError if anything was read, so that what is left is not taken for all."""
        if not self._is_unread:
            raise RuntimeError("some of the stream has been read already, and save() needs all of it")
