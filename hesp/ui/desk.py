"""Runs analyses in the background, a few at a time, first come, first served; each can be stopped.

A path comes in, a `Job` goes out that tells how far it is and holds the analysis or the error in the end. No widget
is known here: the page looks at the job now and then.
"""

from __future__ import annotations

import logging
import shutil
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from hesp.errors import CancelledError
from hesp.records import Analysis, CancelCallback, ProgressCallback
from hesp.ui.visit import OpenAnalysis, new_folder

logger = logging.getLogger(__name__)

# (path of the clip, working folder, on_progress, cancel) -> Analysis
Analyze = Callable[[str, Path, ProgressCallback, CancelCallback], Analysis]


@dataclass(frozen=True)
class Progress:
    """How far a job is: `total` is 0 while nobody knows it, times are on the clock of time.monotonic."""

    stage: str
    done: int
    total: int
    stage_began: float
    now: float

    @property
    def fraction(self) -> float | None:
        """Part of this stage that is done, in [0, 1], or None while nobody knows."""
        return min(1.0, self.done / self.total) if self.total > 0 else None

    @property
    def seconds_left(self) -> float | None:
        """Time that this stage still takes at its pace so far; None in its first second."""
        elapsed = self.now - self.stage_began
        if not self.fraction or elapsed < 1.0:
            return None
        return elapsed * (1.0 - self.fraction) / self.fraction


class Job:
    """One analysis on its way."""

    def __init__(self) -> None:
        self.progress: Progress | None = None
        self.future: Future[OpenAnalysis] = Future()
        self._stop = threading.Event()
        self._claimed = False

    def stop(self) -> None:
        """Ask the analysis to end; it then raises CancelledError within a fraction of a second."""
        self._stop.set()
        self.future.cancel()

    @property
    def stopping(self) -> bool:
        """Whether `stop` was called."""
        return self._stop.is_set()

    @property
    def done(self) -> bool:
        """Whether the analysis has ended in one way or another."""
        return self.future.done()

    def claim(self) -> OpenAnalysis:
        """The analysis of a job that is done, from now on the caller's to close; or the error that ended it."""
        self._claimed = True
        if self.future.cancelled():
            raise CancelledError("The analysis was stopped before it began.")
        return self.future.result()

    def abandon(self) -> None:
        """Stop, and delete the analysis if it is finished all the same and nobody has claimed it."""
        self.stop()
        self.future.add_done_callback(self._close_unclaimed)

    def _close_unclaimed(self, future: Future[OpenAnalysis]) -> None:
        if not (self._claimed or future.cancelled() or future.exception()):
            future.result().close()

    def report(self, stage: str, done: int, total: int, _partial: Analysis | None) -> None:
        """Note how far the engine is (its `on_progress`)."""
        now, last = time.monotonic(), self.progress
        began = last.stage_began if last is not None and last.stage == stage else now
        self.progress = Progress(stage, done, total, began, now)


class Desk:
    """Takes analyses of all visitors, at most one per visitor, and runs `slots` of them at the same time."""

    def __init__(self, analyze: Analyze, folder: Path, *, slots: int = 1) -> None:
        self._analyze = analyze
        self._folder = folder
        self._pool = ThreadPoolExecutor(slots, thread_name_prefix="analysis")
        self._jobs: dict[str, Job] = {}
        self._lock = threading.Lock()

    def submit(self, visitor: str, path: str) -> Job:
        """Queue the clip at `path`; an unfinished job of the same visitor is stopped."""
        self.leave(visitor)
        job = Job()
        with self._lock:
            self._jobs = {name: other for name, other in self._jobs.items() if not other.done}
            self._jobs[visitor] = job
            job.future = self._pool.submit(self._run, job, path)
        return job

    def stop(self, visitor: str | None) -> None:
        """Stop this visitor's job if there is one; whoever waits for it is told."""
        if job := self._job_of(visitor):
            job.stop()

    def leave(self, visitor: str | None) -> None:
        """This visitor has gone: nobody waits for their job any more."""
        if job := self._job_of(visitor):
            job.abandon()

    def n_ahead(self, job: Job) -> int:
        """How many jobs have to end, or to get a slot, before this one starts; 0 once it runs."""
        if job.future.running() or job.done:
            return 0
        with self._lock:
            queue = list(self._jobs.values())
        return sum(not other.done for other in queue[: queue.index(job)]) if job in queue else 0

    def close(self) -> None:
        """Stop everything and wait until it has ended."""
        with self._lock:
            jobs = list(self._jobs.values())
        for job in jobs:
            job.stop()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _job_of(self, visitor: str | None) -> Job | None:
        with self._lock:
            return self._jobs.get(visitor or "")

    def _run(self, job: Job, path: str) -> OpenAnalysis:
        """Analyse in a folder of its own, which is gone again if that fails."""
        folder = new_folder(self._folder)
        try:
            analysis = self._analyze(path, folder, job.report, lambda: job.stopping)
            if job.stopping:
                raise CancelledError("The analysis was stopped as it ended.")
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        return OpenAnalysis(analysis, folder)
