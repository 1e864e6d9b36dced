"""Run a snippet of MIGRATING.md, from stdin, with the `client` and `assistant_id` that it expects."""

import os
import sys

import pixigpt

if __name__ == "__main__":
    given = {"assistant_id": os.environ["DEFAULT_ASSISTANT_ID"]}
    given |= {"api_key": os.environ["PIXIGPT_API_KEY"], "base_url": os.environ["PIXIGPT_BASE_URL"]}
    with pixigpt.Client(given["api_key"], given["base_url"]) as client:
        code = compile(sys.stdin.read(), "MIGRATING.md", "exec")
        exec(code, {**given, "client": client})  # noqa: S102  # our own document
