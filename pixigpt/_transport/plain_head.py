"""Reads the head of a response that is as plain as nearly all are; any other one is left to a parser.

A parser takes 20 us (h11) or 12 us (httptools) for a head, since it must be ready for anything. One match and a few
splits take 4 us, and nothing is plain that h11 would refuse, or read in another way: a test compares them.
"""

import re

from pixigpt._transport.base import Head, RawHeaders

_PLAIN = re.compile(
    rb"HTTP/(1\.[01]) ([1-5]\d\d) ([\x20-\x7e]+)\r\n"
    rb"((?:[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t\x20-\x7e\x80-\xff]*\r\n)*)\r\n"
)


def plain_head(lines: bytes) -> Head | None:
    """Return a head; None if it is not plain."""
    found = _PLAIN.fullmatch(lines)
    if found is None:
        return None
    version, status, reason, fields = found.groups()
    headers: RawHeaders = []
    for line in fields.split(b"\r\n")[:-1]:
        name, _, value = line.partition(b":")
        headers.append((name, value.strip(b" \t")))
    return Head(int(status), headers, reason, version.decode("ascii"))
