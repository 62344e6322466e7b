"""What the start says when something is missing."""

import importlib
import sys
from importlib import metadata

import pytest

from hesp import preflight


def test_a_complete_installation_has_no_problem() -> None:
    assert preflight.find_problem() is None


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        (ImportError("libGL.so.1: cannot open shared object file: No such file"), "apt-get install libgl1"),
        (OSError("libGLESv2.so.2: cannot open shared object file"), "apt-get install libgles2"),
        (OSError("libEGL.so.1: cannot open shared object file"), "apt-get install libegl1"),
        (ImportError("libodd-thing.so.3: cannot open"), "system package that contains libodd-thing"),
        (ModuleNotFoundError("No module named 'cv2'"), "pip install -r requirements.txt"),
        (ImportError("cannot import name 'x'"), "--force-reinstall opencv-python"),
    ],
)
def test_each_failure_names_its_remedy(monkeypatch: pytest.MonkeyPatch, error: Exception, remedy: str) -> None:
    import_module = importlib.import_module

    def fail(name: str) -> object:
        if name == "cv2":
            raise error
        return import_module(name)

    monkeypatch.setattr(preflight.importlib, "import_module", fail)
    problem = preflight.find_problem()
    assert problem is not None
    assert remedy in problem
    assert "\n" not in problem


def test_two_versions_of_opencv_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    versions = {"opencv-python": "5.0.0.93", "opencv-contrib-python": "5.0.0.100"}
    monkeypatch.setattr(metadata, "version", lambda package: versions[package])
    assert "opencv-python==5.0.0.100 opencv-contrib-python==5.0.0.100" in str(preflight.find_problem())


def test_a_wrong_python_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 1))
    assert "Python 3.10 to 3.13" in str(preflight.find_problem())


def test_a_missing_face_model_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HESP_FACE_LANDMARKER", "/nowhere/face.task")
    assert "HESP_FACE_LANDMARKER names '/nowhere/face.task'" in str(preflight.find_problem())


def test_the_start_ends_with_status_2(monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.setattr(preflight, "find_problem", lambda: "libGL is missing")
    with pytest.raises(SystemExit) as end:
        preflight.check()
    assert end.value.code == 2
    assert capsys.readouterr().err == "libGL is missing\n"
