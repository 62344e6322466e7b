"""How analyses are queued, stopped and told about."""

from __future__ import annotations

from pathlib import Path

import pytest
from ui_stubs import FakeEngine, wait_until

pytest.importorskip("gradio")

from hesp.errors import CancelledError, MediaError
from hesp.ui.analysis import duration_text, progress_text
from hesp.ui.desk import Desk, Job, Progress


def test_one_job_at_a_time_and_the_others_wait(engine: FakeEngine, desk: Desk) -> None:
    engine.go_on.clear()
    first, second, third = (desk.submit(name, "clip") for name in ("a", "b", "c"))
    wait_until(lambda: first.progress is not None)
    assert [desk.n_ahead(job) for job in (first, second, third)] == [0, 1, 2]
    engine.go_on.set()
    wait_until(lambda: third.done)
    for job in (first, second, third):
        assert job.claim().analysis.tracks == engine.tracks


def test_stopped_jobs_end_at_once_and_leave_nothing(engine: FakeEngine, desk: Desk, tmp_path: Path) -> None:
    engine.go_on.clear()
    running, waiting = desk.submit("a", "clip"), desk.submit("b", "clip")
    wait_until(lambda: running.progress is not None)
    for name, job in (("a", running), ("b", waiting)):
        desk.stop(name)
        wait_until(lambda job=job: job.done)
        with pytest.raises(CancelledError):
            job.claim()
    assert list(tmp_path.iterdir()) == []


def test_failed_job_leaves_nothing(engine: FakeEngine, desk: Desk, tmp_path: Path) -> None:
    engine.failure = MediaError("It is no video.")
    job = desk.submit("a", "clip")
    wait_until(lambda: job.done)
    with pytest.raises(MediaError):
        job.claim()
    assert list(tmp_path.iterdir()) == []


def test_result_that_nobody_claims_is_deleted(desk: Desk, tmp_path: Path) -> None:
    job = desk.submit("a", "clip")
    wait_until(lambda: job.done)
    desk.leave("a")
    assert list(tmp_path.iterdir()) == []


def test_second_analysis_of_a_visitor_replaces_the_first(engine: FakeEngine, desk: Desk) -> None:
    engine.go_on.clear()
    first = desk.submit("a", "clip")
    second = desk.submit("a", "clip")
    wait_until(lambda: first.done)
    engine.go_on.set()
    wait_until(lambda: second.done)
    assert second.claim().analysis.tracks == engine.tracks


def test_progress_in_words() -> None:
    assert progress_text(Progress("analyse", 0, 0, 0, 0)) == ""
    assert progress_text(Progress("normalise", 12, 0, 0, 9)) == "12 frames"
    assert progress_text(Progress("analyse", 30, 90, 0, 0.5)) == "30 of 90 frames"
    assert progress_text(Progress("analyse", 30, 90, 0, 4)) == "30 of 90 frames, about 8 s left"
    assert [duration_text(seconds) for seconds in (0.2, 42, 150)] == ["1 s", "40 s", "2 min"]


def test_time_left_counts_from_the_start_of_a_stage() -> None:
    job = Job()
    job.report("normalise", 90, 90, None)
    job.report("analyse", 1, 90, None)
    began = job.progress.stage_began
    job.report("analyse", 2, 90, None)
    assert job.progress.stage_began == began
