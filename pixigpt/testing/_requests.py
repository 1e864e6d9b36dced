"""What a test may read of the requests that arrived."""

from collections.abc import Mapping

from attrs import field, frozen


@frozen
class ReceivedRequest:
    """One request as it arrived.

    Attributes:
        method: The HTTP method, such as "POST".
        path: The path below the base URL, such as "/threads".
        headers: The headers, their names in lower case.
        body: The decoded JSON body; None where there is none.
    """

    method: str
    path: str
    headers: Mapping[str, str] = field(repr=False)
    body: object = field(repr=False)
