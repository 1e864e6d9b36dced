"""llama.cpp's HTTP server in a process of its own, which ends with the one that started it.

Run as a script, it serves a model until its standard input ends, and prints where.
"""

import os
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Literal

import httpx

Kind = Literal["chat", "embedding", "rank"]

API_KEY = "sk-real"
SLOTS = 4  # answers that are written at once; further ones wait
_PATIENCE = 60.0


def why_not() -> str | None:
    """Why there is no server here; None where there is one."""
    # In a process of its own, since a wheel built for another processor would end this one.
    imports = subprocess.run(
        [sys.executable, "-c", "import xllamacpp, gguf, numpy"], text=True, capture_output=True, check=False
    )
    if imports.returncode == 0:
        return None
    reason = imports.stderr.strip().splitlines()[-1:] or [f"exit status {imports.returncode}"]
    return f"llama.cpp's server does not import: {reason[0]}; `make test-real` installs it where there is a wheel"


@contextmanager
def serving(model: Path, kind: Kind) -> Generator[str]:
    """The address of a server that is ready to answer."""
    log = model.with_suffix(f".{kind}.log")
    with (
        log.open("wb") as log_file,
        subprocess.Popen(
            [sys.executable, __file__, model, kind], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log_file
        ) as process,
    ):
        assert process.stdin
        assert process.stdout
        address = process.stdout.readline().decode().strip()
        try:
            _wait_until_ready(address, process, log)
            yield address
        finally:
            process.stdin.close()


def _wait_until_ready(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """It listens before it has loaded the model, and answers 503 until then."""
    until = time.monotonic() + _PATIENCE
    while address and time.monotonic() < until and process.poll() is None:
        if httpx.get(f"{address}/health", trust_env=False).is_success:
            return
        time.sleep(0.05)
    raise RuntimeError(f"llama.cpp's server did not start:\n{log.read_text(errors='replace')[-2000:]}")


def _serve(model: str, kind: str) -> None:
    # llama.cpp logs to standard output, which is to hold nothing but the address.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    xllamacpp = import_module("xllamacpp")
    params = xllamacpp.CommonParams()
    params.model.path = model
    params.model_alias = {"tiny"}
    params.api_keys = [API_KEY]
    params.port = 0
    params.n_parallel = SLOTS
    params.kv_unified = True  # each slot may use the whole context
    params.fit_params = False
    params.warmup = False
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    pooling = xllamacpp.llama_pooling_type
    if kind != "chat":
        params.embedding = True
        params.pooling_type = pooling.LLAMA_POOLING_TYPE_RANK if kind == "rank" else pooling.LLAMA_POOLING_TYPE_MEAN
    server = xllamacpp.Server(params)
    print(server.listening_address, file=answers, flush=True)
    sys.stdin.read()
    os._exit(0)  # its threads may be in the middle of an answer


if __name__ == "__main__":
    _serve(*sys.argv[1:])
