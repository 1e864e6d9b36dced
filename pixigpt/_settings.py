"""The settings of a client: what both constructors take, and `with_options()` changes."""

import ipaddress
import os
import platform
import re
import warnings
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Self, TypedDict, cast

import httpx
from attrs import evolve, field, frozen

from pixigpt._checks import non_negative_int, of_type, optional, port, positive_seconds, printable_ascii, validator
from pixigpt._request_body import merged, pairs
from pixigpt._retry import Budget, RetryPolicy
from pixigpt._version import __version__

DEFAULT_BASE_URL = "https://pixigpt.com/v1"
DEFAULT_TIMEOUT = 30.0
DEFAULT_MAX_RESPONSE_BYTES = 64 * 2**20

_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_FRAMING_HEADERS = ("content-length", "host", "transfer-encoding")
_SDK_HEADERS = {
    "accept": "application/json",
    "accept-encoding": "gzip",
    "user-agent": f"pixigpt/{__version__} python/{platform.python_version()}",
}


class Secret(str):
    """A string that its repr hides."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'"


class Options(TypedDict, total=False):
    """The options that `with_options()` can change, by the constructor's names."""

    timeout: float | None
    total_timeout: float | None
    max_retries: int
    retry: RetryPolicy
    headers: Mapping[str, str]
    extra_body: Mapping[str, object]
    extra_query: Mapping[str, object]
    max_response_bytes: int | None


@frozen(kw_only=True)
class Settings:
    """A client's settings; a copy with other options shares the budget, unless it has a policy of its own."""

    api_key: Secret
    base_url: str
    timeout: float | None = field(validator=validator(optional(positive_seconds)))
    total_timeout: float | None = field(validator=validator(optional(positive_seconds)))
    retry: RetryPolicy
    headers: Mapping[str, str] = field(repr=False)
    extra_body: Mapping[str, object] = field(repr=False)
    extra_query: Mapping[str, object] = field(repr=False)
    max_response_bytes: int | None = field(validator=validator(optional(non_negative_int)))
    budget: Budget = field(repr=False)
    hands_refusals_over: bool = False  # to a caller that paces many calls, which then waits for all of them
    _common: Mapping[str, str] = field(init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "_common", {**_SDK_HEADERS, "authorization": Secret(f"Bearer {self.api_key}")})

    @classmethod
    def create(
        cls,
        api_key: str | None,
        base_url: str | None,
        *,
        timeout: float | None,
        total_timeout: float | None,
        max_retries: int | None,
        retry: RetryPolicy,
        headers: Mapping[str, str] | None,
        extra_body: Mapping[str, object] | None = None,
        extra_query: Mapping[str, object] | None = None,
        max_response_bytes: int | None,
    ) -> Self:
        """Check a constructor's arguments and the environment; raise ValueError or TypeError if one is bad."""
        policy = _checked_retry(retry, max_retries)
        return cls(
            api_key=_checked_key(os.environ.get("PIXIGPT_API_KEY") if api_key is None else api_key),
            base_url=_checked_url(_configured_url() if base_url is None else base_url),
            timeout=timeout,
            total_timeout=total_timeout,
            retry=policy,
            headers=_checked_headers(headers or {}),
            extra_body=_checked_extra("extra_body", extra_body or {}),
            extra_query=_checked_extra("extra_query", extra_query or {}),
            max_response_bytes=max_response_bytes,
            budget=Budget(policy.budget),
        )

    def with_options(self, options: Options) -> Self:
        """Return these settings with some of them changed."""
        if unknown := options.keys() - Options.__annotations__.keys():
            raise TypeError(f"with_options() has no {', '.join(sorted(unknown))}")
        changes: dict[str, Any] = {**options}
        changes["retry"] = _checked_retry(options.get("retry", self.retry), changes.pop("max_retries", None))
        if "retry" in options:
            changes["budget"] = Budget(changes["retry"].budget)
        if "headers" in options:
            changes["headers"] = {**self.headers, **_checked_headers(options["headers"])}
        for name in ("extra_body", "extra_query"):
            if name in changes:
                changes[name] = _checked_extra(name, changes[name])
        return evolve(self, **changes)

    def handing_refusals_over(self) -> Self:
        """Return these settings for calls whose caller waits, for all of them, when the server refuses one."""
        return evolve(self, hands_refusals_over=True)

    def url(self, path: str, params: Mapping[str, Any]) -> httpx.URL:
        """Return the URL of a request."""
        try:
            url = _parsed_url(self.base_url + path)
        except httpx.InvalidURL as cause:
            raise ValueError(f"there is no such URL: {cause}") from cause
        query = merged("extra_query", params, self.extra_query)
        return url.copy_merge_params(httpx.QueryParams(pairs(query))) if query else url

    def request_headers(self, own: Mapping[str, str]) -> dict[str, str]:
        """Return a request's headers: the SDK's, then the call's, then the user's."""
        headers = {**self._common, **_checked_headers(own), **self.headers}
        if "cookie" in own and "cookie" in self.headers:
            headers["cookie"] = Secret(f"{own['cookie']}; {self.headers['cookie']}")
        return headers

    def redact_key(self, text: str) -> str:
        """Return a text of the server's with the key redacted, in case the server echoes it."""
        return re.sub(re.escape(self.api_key), "***", text, flags=re.IGNORECASE)


@lru_cache(maxsize=256)
def _parsed_url(url: str) -> httpx.URL:
    """Return a parsed URL. Most calls go to a few URLs, and parsing one takes longer than the rest of the flow."""
    return httpx.URL(url)


def _configured_url() -> str:
    return os.environ.get("PIXIGPT_BASE_URL") or DEFAULT_BASE_URL


def _checked_key(key: object) -> Secret:
    if key is None:
        raise ValueError("api_key is missing: pass it, or set PIXIGPT_API_KEY")
    if key == "":
        raise ValueError("api_key is empty: a configuration value may be missing")
    if not isinstance(key, str):
        raise TypeError(f"api_key must be a str, not {type(key).__name__}")
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise ValueError("api_key must be printable ASCII without spaces or line breaks")
    return Secret(key)


def _checked_url(base_url: object) -> str:
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
    if url.scheme == "http" and not _is_loopback(url.host):
        warnings.warn(f"base_url sends the API key in clear text to {url.host}: use https://", stacklevel=5)
    return str(url).rstrip("/")


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _checked_retry(retry: RetryPolicy, max_retries: int | None) -> RetryPolicy:
    of_type(RetryPolicy)("retry", retry)
    return retry if max_retries is None else evolve(retry, max_retries=max_retries)


def _checked_extra(name: str, extra: object) -> dict[str, object]:
    if not isinstance(extra, Mapping) or not all(
        isinstance(key, str) for key in cast("Mapping[object, object]", extra)
    ):
        raise TypeError(f"{name} must be a mapping with string keys")
    return dict(cast("Mapping[str, object]", extra))


def _checked_headers(headers: object) -> dict[str, str]:
    if not isinstance(headers, Mapping):
        raise TypeError(f"headers must be a mapping of strings, not {type(headers).__name__}")
    for name, value in cast("Mapping[object, object]", headers).items():
        if not isinstance(name, str) or not isinstance(value, str):
            raise TypeError("headers must be a mapping of strings")
        _check_header_name(name)
        printable_ascii(f"headers: the value of {name!r}", value)
    return {name.lower(): Secret(value) for name, value in cast("Mapping[str, str]", headers).items()}


@lru_cache(maxsize=256)
def _check_header_name(name: str) -> None:
    if not _HEADER_NAME.fullmatch(name):
        raise ValueError(f"headers: {name!r} is not a header name")
    if name.lower() in _FRAMING_HEADERS:
        raise ValueError(f"headers: {name!r} cannot be set; it is derived from the request")
