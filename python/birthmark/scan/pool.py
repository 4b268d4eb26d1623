"""Processes that search files side by side. One that dies, hangs or takes too long costs its file and no more."""

from __future__ import annotations

import base64
import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from birthmark._closing import Closing
from birthmark.errors import ArgumentError, Error
from birthmark.evidence.store import Planned

_TICK_S = 0.5
_READ = 1 << 20
_MOST_ANSWER = 1 << 28


class WorkerError(Error, RuntimeError):
    """A process that should search files cannot start."""


@dataclass(frozen=True)
class Limits:
    """What one file may take."""

    time_s: float = 3600.0
    """Seconds by the clock, whatever it does."""
    stall_s: float = 300.0
    """Seconds by the clock without a further second of media."""
    memory_mb: int = 2048
    """Address space beyond what every file shares."""

    def __post_init__(self) -> None:
        for name, least in (("time_s", 1), ("stall_s", 1), ("memory_mb", 64)):
            if not getattr(self, name) >= least:
                raise ArgumentError(f"{name} is {getattr(self, name)}; allowed: {least} or more")


@dataclass(frozen=True)
class Done:
    """One file's outcome: the worker's answer, or why there is none."""

    file: Planned
    answer: dict[str, Any] | None
    failure: str = ""


@dataclass
class _Worker:
    process: subprocess.Popen[bytes]
    ready: bool = False
    file: Planned | None = None
    begun: float = 0.0
    beat: float = 0.0
    seconds: float = 0.0
    buffer: bytearray = field(default_factory=bytearray)

    def send(self, document: dict[str, Any]) -> bool:
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(json.dumps(document).encode() + b"\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            return False
        return True

    def end(self) -> int:
        """Kill it, and wait; its exit status."""
        self.process.kill()
        for pipe in (self.process.stdin, self.process.stdout):
            try:
                if pipe is not None:
                    pipe.close()
            except BrokenPipeError:
                pass
        return self.process.wait()


class LocalPool(Closing):
    """Searches files in processes of this machine. A context manager: its end kills them.

    `order` is what `worker.make_searcher` needs. Any other engine is a class with the same `run`.
    """

    def __init__(self, order: dict[str, Any], jobs: int, limits: Limits) -> None:
        if jobs < 1:
            raise ArgumentError(f"jobs is {jobs}; allowed: 1 or more")
        self._order = order | {"parent": os.getpid(), "memory": limits.memory_mb << 20}
        self._limits = limits
        self._jobs = jobs
        self._select = selectors.DefaultSelector()
        self._workers: list[_Worker] = []
        self.lines: tuple[str, ...] = ()
        """Lines that the workers run, known once the first is ready."""

    def close(self) -> None:
        """Kill the processes."""
        for worker in self._workers:
            worker.end()
        self._workers.clear()
        self._select.close()

    def run(self, files: Sequence[Planned]) -> Iterator[Done | None]:
        """Outcomes as they come, and None now and then while none does."""
        waiting = iter(files)
        left = len(files)
        for _ in range(min(self._jobs, left)):
            self._start()
        while left:
            came = [done for worker in self._heard() for done in self._attend(worker)]
            came += [done for worker in list(self._workers) if (done := self._overdue(worker))]
            for worker in self._workers:
                if worker.ready and worker.file is None and (file := next(waiting, None)) is not None:
                    self._assign(worker, file)
            left -= len(came)
            yield from came
            if not came:
                yield None

    def _start(self) -> None:
        package = str(Path(__file__).parents[2])
        paths = [package, *filter(None, [os.environ.get("PYTHONPATH")])]
        threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
        process = subprocess.Popen(
            [sys.executable, "-m", "birthmark.scan.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **threads, "PYTHONPATH": os.pathsep.join(paths)},
            start_new_session=True,  # Ctrl-C is for the parent
        )
        assert process.stdout is not None
        worker = _Worker(process)
        self._workers.append(worker)
        self._select.register(process.stdout, selectors.EVENT_READ, worker)
        worker.send(self._order)

    def _assign(self, worker: _Worker, file: Planned) -> None:
        worker.file, worker.begun, worker.beat, worker.seconds = file, time.monotonic(), time.monotonic(), 0.0
        worker.send({"number": file.number, "path": base64.b64encode(file.path).decode()})

    def _heard(self) -> list[_Worker]:
        return [key.data for key, _ in self._select.select(_TICK_S)]

    def _attend(self, worker: _Worker) -> Iterator[Done]:
        """Read what a worker says."""
        assert worker.process.stdout is not None
        data = os.read(worker.process.stdout.fileno(), _READ)
        worker.buffer += data
        *lines, rest = worker.buffer.split(b"\n")
        worker.buffer = bytearray(rest)
        if len(rest) > _MOST_ANSWER:
            yield from self._lost(worker, "the process that searched it said too much")
            return
        for line in lines:
            yield from self._told(worker, json.loads(line))
        if not data:
            yield from self._lost(worker, "")

    def _told(self, worker: _Worker, document: dict[str, Any]) -> Iterator[Done]:
        if "error" in document:
            raise WorkerError(f"the search cannot start: {document['error']}")
        if "ready" in document:
            worker.ready, self.lines = True, tuple(document["lines"])
        elif "at" in document:
            if document["at"] >= worker.seconds + 1:
                worker.seconds, worker.beat = document["at"], time.monotonic()
        elif worker.file is not None:
            file, worker.file = worker.file, None
            yield Done(file, document["done"])

    def _lost(self, worker: _Worker, reason: str) -> Iterator[Done]:
        """Replace a worker that is gone or has to go; its file failed."""
        assert worker.process.stdout is not None
        self._select.unregister(worker.process.stdout)
        self._workers.remove(worker)
        status = worker.process.wait() if not reason else worker.end()
        if not worker.ready:
            raise WorkerError(f"the search cannot start: its process ended with status {status}")
        worker.end()
        self._start()
        if worker.file is not None:
            name = signal.Signals(-status).name if status < 0 else f"status {status}"
            yield Done(worker.file, None, reason or f"the process that searched it died ({name})")

    def _overdue(self, worker: _Worker) -> Done | None:
        if worker.file is None:
            return None
        now = time.monotonic()
        if now - worker.begun > self._limits.time_s:
            reason = f"took longer than the limit of {self._limits.time_s:g} s"
        elif now - worker.beat > self._limits.stall_s:
            reason = f"no further second could be decoded or searched in {self._limits.stall_s:g} s"
        else:
            return None
        return next(self._lost(worker, reason))
