"""Measure what a call costs, next to other clients: tables, targets met or missed, with --json FILE figures and plots.

Each client runs in an environment of its own, made at its first use; they take turns, round by round.
"""

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO, cast

from scripts.bench.growth import plot_growth
from scripts.bench.plot import plot
from scripts.bench.report import Rows, medians_of, ratios_of, table, verdict
from scripts.bench.targets import TARGETS
from scripts.bench.worker import Worker
from scripts.bench.workloads import CLIENTS, WORKLOADS, Job, Workload
from scripts.environments import UnavailableError, clean_environment, python_of

SERVER = Path(__file__).with_name("server.py")
OPEN_FILES = 4096


def ready(options: argparse.Namespace) -> tuple[dict[str, Path], dict[str, str]]:
    """Return the Python and the version of each client that has work; one that does not start is named and left out."""
    pythons: dict[str, Path] = {}
    versions: dict[str, str] = {}
    busy = {job.client for name in options.only for job in WORKLOADS[name].jobs.values()}
    for client in [client for client in options.clients if client in busy]:
        try:
            python = python_of(client)
            with Worker(client, python) as worker:
                versions[client] = worker.measure({"workload": "about"})["version"]
            pythons[client] = python
        except UnavailableError as error:
            print(f"going on without {client}: {error}", flush=True)
    return pythons, versions


def measure(workload: Workload, pythons: Mapping[str, Path], given: Mapping[str, object], rounds: int) -> Rows:
    """Measure one workload, its rows taking turns; one whose worker fails is named and left out."""
    rows: dict[str, dict[str, list[float]]] = {}
    jobs = {row: job for row, job in workload.jobs.items() if job.client in pythons}
    with ExitStack() as stack:
        workers = {row: stack.enter_context(Worker(job.client, pythons[job.client])) for row, job in jobs.items()}
        for row in list(jobs) * rounds:
            if row not in workers:
                continue
            try:
                reply = workers[row].measure({**given, **jobs[row].command})
            except UnavailableError as error:
                print(f"going on without {row}: {error}", flush=True)
                del workers[row]
                continue
            for name, value in reply.items():
                rows.setdefault(row, {}).setdefault(name, []).append(value)
    return {row: rows[row] for row in workers}


def quickened(workload: Workload) -> Workload:
    """Return a workload with a tenth of its calls."""
    jobs = {
        row: Job(job.client, {**job.command, "calls": max(job.command.get("calls", 0) // 10, 1)})
        for row, job in workload.jobs.items()
    }
    return replace(workload, rounds=1, jobs=jobs)


def measure_all(
    options: argparse.Namespace, pythons: Mapping[str, Path], given: Mapping[str, object]
) -> dict[str, Rows]:
    """Measure all workloads that are wanted, and print each as soon as it is done."""
    figures: dict[str, Rows] = {}
    for name in options.only:
        workload = quickened(WORKLOADS[name]) if options.quick else WORKLOADS[name]
        rounds = options.rounds or workload.rounds
        figures[name] = measure(workload, pythons, given, rounds)
        print(f"\n{name}: {workload.title}; medians of {rounds}", flush=True)
        print("\n".join(table(figures[name], workload.compared)), flush=True)
    return figures


@contextmanager
def server() -> Generator[dict[str, object], None, None]:
    """Run the server, on a core of its own if there are two; give where it is, as it says."""
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    clean = clean_environment(os.environ)
    with subprocess.Popen([sys.executable, SERVER], stdout=subprocess.PIPE, text=True, env=clean) as process:
        if cores:
            os.sched_setaffinity(process.pid, cores[-1:])
            os.sched_setaffinity(0, cores[:1])  # which the workers inherit
        try:
            yield json.loads(cast("IO[str]", process.stdout).readline())
        finally:
            process.terminate()


def allow_open_files() -> None:
    """Let this process and its children have a socket for each call at once."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < OPEN_FILES and (hard == resource.RLIM_INFINITY or hard >= OPEN_FILES):
        resource.setrlimit(resource.RLIMIT_NOFILE, (OPEN_FILES, hard))


def some_of(known: Sequence[str]) -> Callable[[str], list[str]]:
    """Return a parser of a comma-separated option, all of whose parts must be known."""

    def names(text: str) -> list[str]:
        given = text.split(",")
        if unknown := sorted(set(given) - set(known)):
            raise argparse.ArgumentTypeError(f"unknown: {', '.join(unknown)}; there are {', '.join(known)}")
        return [name for name in known if name in given]

    return names


def parsed() -> argparse.Namespace:
    """Return the command line's options."""
    parser = argparse.ArgumentParser(description=__doc__)
    workloads, clients = list(WORKLOADS), list(CLIENTS)
    parser.add_argument("--only", type=some_of(workloads), default=workloads, help=f"of {','.join(workloads)}")
    parser.add_argument("--clients", type=some_of(clients), default=clients, help=f"of {','.join(clients)}")
    parser.add_argument("--rounds", type=int, help="repetitions of each workload, instead of its own number")
    parser.add_argument("--quick", action="store_true", help="one round of a tenth of the calls, to see that it runs")
    parser.add_argument("--json", type=Path, help="write the figures there too, and plots beside it")
    return parser.parse_args()


def write(path: Path, text: str) -> None:
    """Write a file and the folder that it is in."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text + "\n", encoding="utf-8")


def main() -> None:
    """Measure what is wanted, and report. A missed target is no failure."""
    options = parsed()
    pythons, versions = ready(options)
    versions["Python"] = platform.python_version()
    print(", ".join(f"{name} {version}" for name, version in versions.items()), flush=True)
    allow_open_files()
    with server() as given:
        figures = measure_all(options, pythons, given)
    values = {target: target.value(figures) for target in TARGETS if target.workload in figures}
    print("\n" + "\n".join(verdict(target, value) for target, value in values.items()))
    if options.json:
        reached = {str(target): value for target, value in values.items()}
        ratios = {name: ratios_of(rows, WORKLOADS[name].compared) for name, rows in figures.items()}
        medians = {name: medians_of(rows) for name, rows in figures.items()}
        written = {"versions": versions, "medians": medians, "ours_through_theirs": ratios, "targets": reached}
        write(options.json, json.dumps(written, indent=2))
        write(options.json.with_suffix(".svg"), plot(medians))
        write(options.json.with_name(f"{options.json.stem}-growth.svg"), plot_growth(medians))


if __name__ == "__main__":
    main()
