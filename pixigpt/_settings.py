"""The settings of a client: what both constructors take, and `with_options()` changes."""

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Self, TypedDict

import httpx
from attrs import evolve, field, frozen

from pixigpt._access import Secret, checked_headers, checked_key, checked_url, redacted
from pixigpt._checks import non_negative_int, of_type, optional, positive_seconds, string_keys, validator
from pixigpt._request_body import merged, pairs
from pixigpt._retry import Budget, RetryPolicy
from pixigpt._transport.urls import KeptURL
from pixigpt._version import __version__

if TYPE_CHECKING:
    from pixigpt.middleware import Middleware
    from pixigpt.middleware._chain import Chain
    from pixigpt.middleware._observe import Operation

DEFAULT_BASE_URL = "https://pixigpt.com/v1"
DEFAULT_TIMEOUT = 30.0
DEFAULT_MAX_RESPONSE_BYTES = 64 * 2**20

_SDK_HEADERS = {
    "accept": "application/json",
    "accept-encoding": "gzip",
    "user-agent": f"pixigpt/{__version__} python/{'.'.join(map(str, sys.version_info[:3]))}",
}

_JSON_HEADERS = {"content-type": "application/json"}  # nearly every call's own, which need no check

# What is around the middleware of each client, unless that has one of its kind. An instrumentation adds to it.
installed_middleware: "list[Middleware]" = []


class Options(TypedDict, total=False):
    """The options that `with_options()` can change, by the constructor's names."""

    timeout: float | None
    total_timeout: float | None
    max_retries: int
    retry: RetryPolicy
    headers: Mapping[str, str]
    extra_body: Mapping[str, object]
    extra_query: Mapping[str, object]
    middleware: "Sequence[Middleware]"
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
    middleware: "Chain | None"  # None if there is none, so that a call asks for nothing more
    max_response_bytes: int | None = field(validator=validator(optional(non_negative_int)))
    budget: Budget = field(repr=False)
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
        middleware: "Sequence[Middleware]" = (),
        max_response_bytes: int | None,
    ) -> Self:
        """Check a constructor's arguments and the environment; raise ValueError or TypeError if one is bad."""
        policy = _checked_retry(retry, max_retries)
        return cls(
            api_key=checked_key(os.environ.get("PIXIGPT_API_KEY") if api_key is None else api_key),
            base_url=checked_url(_configured_url() if base_url is None else base_url),
            timeout=timeout,
            total_timeout=total_timeout,
            retry=policy,
            headers=checked_headers(headers or {}),
            extra_body=_checked_extra("extra_body", extra_body or {}),
            extra_query=_checked_extra("extra_query", extra_query or {}),
            middleware=_chain(middleware),
            max_response_bytes=max_response_bytes,
            budget=Budget(policy.budget),
        )

    def with_options(self, options: Options) -> Self:
        """Return these settings with some of them changed."""
        if unknown := options.keys() - Options.__annotations__.keys():
            takes = ", ".join(Options.__annotations__)
            raise TypeError(f"with_options() has no {', '.join(sorted(unknown))}; it takes {takes}")
        changes: dict[str, Any] = {**options}
        changes["retry"] = _checked_retry(options.get("retry", self.retry), changes.pop("max_retries", None))
        if "retry" in options:
            changes["budget"] = Budget(changes["retry"].budget)
        if "headers" in options:
            changes["headers"] = {**self.headers, **checked_headers(options["headers"])}
        for name in ("extra_body", "extra_query"):
            if name in changes:
                changes[name] = _checked_extra(name, changes[name])
        if "middleware" in options:
            changes["middleware"] = _chain(options["middleware"])
        return evolve(self, **changes)

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
        checked = own if own == _JSON_HEADERS else checked_headers(own)
        headers = {**self._common, **checked, **self.headers}
        if "cookie" in own and "cookie" in self.headers:
            headers["cookie"] = Secret(f"{own['cookie']}; {self.headers['cookie']}")
        return headers

    def of_request(self, base_url: str, api_key: str, headers: Mapping[str, str]) -> Self:
        """Return these settings for a request that has taken in the headers and all that is extra."""
        own = (self.base_url, self.api_key, self.headers, self.extra_body, self.extra_query)
        if (base_url, api_key, headers, {}, {}) == own:
            return self
        key = Secret(api_key)
        return evolve(self, base_url=base_url, api_key=key, headers=headers, extra_body={}, extra_query={})

    @property
    def observe(self) -> "Callable[[Operation], AbstractContextManager[object]]":
        """What gives a context manager around an operation that is no call, for the middleware to watch."""
        return nullcontext if self.middleware is None else self.middleware.observe

    def redact_key(self, text: str) -> str:
        """Return a text of the server's with the key redacted, in case the server echoes it."""
        return redacted(self.api_key, text)


@lru_cache(maxsize=256)
def _parsed_url(url: str) -> KeptURL:
    """Return a parsed URL. Most calls go to a few URLs, and parsing one takes longer than the rest of the flow."""
    return KeptURL(url)


def _configured_url() -> str:
    return os.environ.get("PIXIGPT_BASE_URL") or DEFAULT_BASE_URL


def _checked_retry(retry: RetryPolicy, max_retries: int | None) -> RetryPolicy:
    of_type(RetryPolicy)("retry", retry)
    return retry if max_retries is None else evolve(retry, max_retries=max_retries)


def _chain(given: object) -> "Chain | None":
    if not (given or installed_middleware) and isinstance(given, tuple | list):
        return None
    from pixigpt.middleware._chain import Chain, checked_middleware  # noqa: PLC0415  # few clients need it

    own = checked_middleware(given)
    others = [each for each in installed_middleware if not isinstance(each, tuple(map(type, own)))]
    return Chain((*others, *own))


def _checked_extra(name: str, extra: Mapping[str, object]) -> dict[str, object]:
    string_keys(name, extra)
    return dict(extra)
