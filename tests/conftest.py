"""Clips and engines that several tests share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from faces import moving_face_clip
from stubs import StubMethod
from ui_stubs import FakeEngine

from hesp.engine import Engine
from hesp.openset import VocabularyCalibration
from hesp.records import Analysis
from hesp.ui.desk import Desk
from hesp.ui.page import analysis_desk


@pytest.fixture(scope="session")
def face_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """24 frames of a moving face; absent in frames 10 and 11."""
    return moving_face_clip(tmp_path_factory.mktemp("clips") / "face.mp4", gap=range(10, 12))


@pytest.fixture(scope="session")
def stub_engine() -> Engine:
    return Engine(StubMethod(), VocabularyCalibration())


@pytest.fixture(scope="session")
def analysis(stub_engine: Engine, face_clip: Path) -> Iterator[Analysis]:
    with stub_engine.analyze(face_clip) as made:
        yield made


@pytest.fixture(scope="session")
def mini_engine() -> Engine:
    """The shipped model."""
    return Engine.load("mini", device="cpu")


@pytest.fixture
def engine() -> FakeEngine:
    """An engine for tests of the page, which needs no model."""
    return FakeEngine()


@pytest.fixture
def desk(engine: FakeEngine, tmp_path: Path) -> Iterator[Desk]:
    """Runs the fake engine's analyses, one at a time."""
    made = analysis_desk(engine, tmp_path, slots=1)
    yield made
    made.close()
