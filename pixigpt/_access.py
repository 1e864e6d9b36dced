"""How a server is reached: its URL, the API key and headers, each checked, and each hidden where it is secret."""

import re
import warnings
from collections.abc import Mapping
from functools import lru_cache
from typing import cast

import httpx

from pixigpt._checks import MAPPING, port, printable_ascii
from pixigpt._transport.urls import is_loopback

_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_FRAMING_HEADERS = ("content-length", "host", "transfer-encoding")


class Secret(str):
    """A string that its repr hides."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'"


def checked_key(key: object) -> Secret:
    """Return an API key; raise ValueError or TypeError if it is not a valid one."""
    if key is None:
        raise ValueError("api_key is missing: pass it, or set PIXIGPT_API_KEY")
    if key == "":
        raise ValueError("api_key is empty: a configuration value may be missing")
    if not isinstance(key, str):
        raise TypeError(f"api_key must be a str, not {type(key).__name__}")
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise ValueError("api_key must be printable ASCII without spaces or line breaks")
    return Secret(key)


def redacted(key: str, text: str) -> str:
    """Return a text with the key redacted."""
    return re.sub(re.escape(key), "***", text, flags=re.IGNORECASE)


def checked_url(base_url: object) -> str:
    """Return a server's URL without the slash at its end; raise ValueError or TypeError if it is not a valid one."""
    if not isinstance(base_url, str):
        raise TypeError(f"base_url must be a str, not {type(base_url).__name__}")
    if not base_url:
        raise ValueError("base_url is empty: a configuration value may be missing; None means the public service")
    try:
        url = httpx.URL(base_url)
    except (httpx.InvalidURL, UnicodeError) as cause:
        raise ValueError("base_url is not a URL") from cause
    if url.scheme not in ("http", "https") or not url.host:
        raise ValueError("base_url must begin with https:// (or http://) and a host")
    port("base_url", url.port)
    if url.userinfo or "?" in base_url or "#" in base_url:
        raise ValueError("base_url must have no user name, password, query or fragment")
    if url.scheme == "http" and not is_loopback(url.host):
        warnings.warn(f"base_url sends the API key in clear text to {url.host}: use https://", stacklevel=5)
    return str(url).rstrip("/")


def checked_headers(headers: object) -> dict[str, str]:
    """Return headers by their names in lower case; raise ValueError or TypeError if one is not valid."""
    if not isinstance(headers, MAPPING):
        raise TypeError(f"headers must be a mapping of strings, not {type(headers).__name__}")
    checked: dict[str, str] = {}
    for name, value in cast("Mapping[object, object]", headers).items():
        if not isinstance(name, str) or not isinstance(value, str):
            raise TypeError("headers must be a mapping of strings")
        _check_header_name(name)
        printable_ascii(f"headers: the value of {name!r}", value)
        checked[name.lower()] = Secret(value)
    return checked


@lru_cache(maxsize=256)
def _check_header_name(name: str) -> None:
    if not _HEADER_NAME.fullmatch(name):
        raise ValueError(f"headers: {name!r} is not a header name")
    if name.lower() in _FRAMING_HEADERS:
        raise ValueError(f"headers: {name!r} cannot be set; it is derived from the request")
