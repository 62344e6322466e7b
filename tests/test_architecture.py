"""Imports point one way, and each big library is imported in one room only."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
BASE = {"errors", "records", "version", "spelling", "emotions"}
# room -> rooms it may import from (besides itself); the order is that of the data
MAY_IMPORT = {
    "errors": set(),
    "version": set(),
    "spelling": set(),
    "prefetch": set(),
    "records": {"errors"},
    "emotions": {"errors", "spelling"},
    "media": BASE,
    "face": BASE | {"media"},
    "clip": BASE | {"media", "face"},
    "methods": BASE | {"media", "face", "clip"},
    "openset": BASE | {"media", "face", "clip", "methods"},
    "training": BASE | {"media", "face", "clip", "methods", "openset"},
    "analysis": BASE | {"media", "face", "clip", "methods", "prefetch"},
    "engine": BASE | {"media", "face", "clip", "methods", "openset", "analysis"},
    "results": BASE | {"media"},
    "ui": BASE | {"engine", "results"},
    "preflight": {"errors", "face"},
}
HOMES = {"gradio": "ui", "open_clip": "clip", "timm": "clip", "mediapipe": "face"}


def modules() -> list[Path]:
    return sorted((ROOT / "hesp").rglob("*.py"))


def room_of(path: Path) -> str:
    parts = path.relative_to(ROOT / "hesp").parts
    return parts[0].removesuffix(".py")


def imported(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def wrong_imports(path: Path, names: set[str]) -> set[str]:
    room = room_of(path)
    rooms = {parts[1] for parts in (name.split(".") for name in names) if parts[0] == "hesp" and len(parts) > 1}
    return rooms - MAY_IMPORT[room] - {room}


@pytest.mark.parametrize("path", modules(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_imports_point_one_way(path: Path) -> None:
    if room_of(path) in ("__init__", "__main__"):  # the front doors see everything
        return
    assert wrong_imports(path, imported(path)) == set()


def test_the_guard_sees_a_planted_import() -> None:
    assert wrong_imports(ROOT / "hesp" / "media" / "frames.py", {"hesp.engine.Engine"}) == {"engine"}
    assert wrong_imports(ROOT / "hesp" / "ui" / "page.py", {"hesp.clip.load_backbone", "gradio"}) == {"clip"}


@pytest.mark.parametrize("path", modules(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_each_big_library_has_a_home(path: Path) -> None:
    for name in imported(path):
        home = HOMES.get(name.split(".")[0])
        assert home is None or room_of(path) == home or room_of(path) == "preflight", f"{path} imports {name}"


def test_no_code_asks_for_cuda_by_hand() -> None:
    assert [path for path in modules() if ".cuda(" in path.read_text(encoding="utf-8")] == []
