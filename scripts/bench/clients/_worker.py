"""What every worker does: read a command, run its workload, measure, reply; a line of JSON each way."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import Any

import _calls
import _memory
import _streams
from _subject import Command, Measures, Subject

Run = Callable[[Subject, Command], Measures]


def about(subject: Subject, _: Command) -> Measures:
    """Measure which version of the client this is."""
    try:
        return {"version": version(subject.distribution)}
    except PackageNotFoundError:  # it is the standard library's
        return {"version": sys.version.split()[0]}


def import_(subject: Subject, _: Command) -> Measures:
    """Measure wall time of a fresh interpreter that imports the client and constructs it."""
    command = [sys.executable, "-P", "-c", f"{subject.construct}\nimport sys; print(len(sys.modules))"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # the first run compiles
    started = time.perf_counter()
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return {"wall_ms": 1000 * (time.perf_counter() - started), "modules": int(done.stdout)}


def run(main: Coroutine[Any, Any, Measures]) -> Measures:
    """Run a coroutine, on uvloop where that is installed."""
    new_loop = import_module("uvloop").new_event_loop if find_spec("uvloop") else None
    with asyncio.Runner(loop_factory=new_loop) as runner:
        return runner.run(main)


def in_loop(workload: Callable[[Subject, Command], Coroutine[Any, Any, Measures]]) -> Run:
    """Return an async workload as a function that runs it."""
    return lambda subject, command: run(workload(subject, command))


WORKLOADS: dict[str, Run] = {
    "about": about,
    "import": import_,
    "sync": _calls.sync,
    "load": in_loop(_calls.load),
    "burst": in_loop(_calls.burst),
    "idle": in_loop(_calls.idle),
    "request_body": _memory.request_body,
    "large_response": _memory.large_response,
    "large_response_async": in_loop(_memory.large_response_async),
    "memory_sync": _memory.memory_sync,
    "memory_async": in_loop(_memory.memory_async),
    "streams": in_loop(_streams.streams),
    "memory_stream": in_loop(_memory.memory_stream),
    "idle_connections": in_loop(_memory.idle_connections),
}


def serve(subject: Subject) -> None:
    """Obey commands until there are no more."""
    for line in sys.stdin:
        command = Command(**json.loads(line))
        own = subject.own_workloads.get(command.workload)
        measures = own(command) if own else WORKLOADS[command.workload](subject, command)
        print(json.dumps(measures), flush=True)
