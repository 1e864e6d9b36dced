"""Server-sent events by the WHATWG's rules, without I/O: bytes in, events out."""

from attrs import define, field

_BOM = b"\xef\xbb\xbf"
_LINE_ENDS = b"\r\n"


@define
class Event:
    """An event: its type, "message" unless the server names another, and its data, which may be cut off at the end."""

    kind: str
    data: str
    is_finished: bool = True


@define
class SSEParser:
    """Parses one stream, however its bytes are cut.

    Beyond the rules, a last event without its blank line is an event too; and so is a line `error: ...`, which some
    servers send in place of an event of that type.
    """

    _unfinished: list[bytes] = field(init=False, factory=list[bytes])  # of the last line
    _is_first: bool = field(init=False, default=True)
    _is_after_cr: bool = field(init=False, default=False)  # a line feed that comes next belongs to it
    _kind: str = field(init=False, default="message")
    _data: list[bytes] = field(init=False, factory=list[bytes])

    def feed(self, data: bytes) -> list[Event]:
        """Take what has arrived; return the events that it completes."""
        if self._is_after_cr and data:
            self._is_after_cr, data = False, data.removeprefix(b"\n")
        if not data:
            return []
        lines = data.splitlines()  # of bytes: at CR, LF and CRLF only
        self._is_after_cr = data.endswith(b"\r")
        rest = [] if data[-1] in _LINE_ENDS else [lines.pop()]
        if not lines:
            self._unfinished += rest
            return []
        if self._unfinished:
            lines[0] = b"".join((*self._unfinished, lines[0]))
        self._unfinished = rest
        return self._events(lines)

    def end(self) -> list[Event]:
        """Return the event that the end of the stream completes, if any."""
        events = self.feed(b"\n\n")
        for event in events:
            event.is_finished = False
        return events

    def _events(self, lines: list[bytes]) -> list[Event]:
        if self._is_first and lines:
            self._is_first, lines[0] = False, lines[0].removeprefix(_BOM)
        events: list[Event] = []
        for line in lines:
            if line.startswith(b"data: "):  # nearly all of them
                self._data.append(line[6:])
            elif line:
                self._add(line)
            else:
                if self._data:
                    events.append(Event(self._kind, b"\n".join(self._data).decode(errors="replace")))
                self._kind, self._data = "message", []
        return events

    def _add(self, line: bytes) -> None:
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"data":
            self._data.append(value)
        elif name == b"event":
            self._kind = value.decode(errors="replace") or "message"
        elif name == b"error":
            self._kind = "error"
            self._data.append(value)
