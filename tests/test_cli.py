"""The command line: what it prints, what it writes, and how it refuses."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from faces import HEIGHT, WIDTH, write_clip

from hesp.__main__ import main
from hesp.engine import Engine
from hesp.version import __version__

LABELS = "happiness,sadness,smug"


@pytest.fixture
def command(stub_engine: Engine, monkeypatch: pytest.MonkeyPatch):
    """The command line on the stub engine, whose limits follow the options."""

    def load(*_args: object, limits: object = None, **_options: object) -> Engine:
        return Engine(stub_engine._method, stub_engine._calibration, limits=limits)

    monkeypatch.setattr(Engine, "load", load)
    return main


@pytest.fixture(scope="module")
def empty_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    frames = [np.full((HEIGHT, WIDTH, 3), 90, np.uint8)] * 6
    return write_clip(tmp_path_factory.mktemp("empty") / "no face.mp4", frames)


def test_analyze_writes_the_schema(command, face_clip: Path, tmp_path: Path, capsys) -> None:
    out = tmp_path / "out.json"
    assert (
        command(["analyze", str(face_clip), "--labels", LABELS, "--label", "calm, then angry", "--json", str(out)]) == 0
    )
    assert "Face 1" in capsys.readouterr().out
    document = json.loads(out.read_text())
    assert document["schema"] == 1
    assert document["source"] == {"path": str(face_clip), "width": 320, "height": 240, "duration_s": 0.8}
    assert document["video"]["frames"] == 24
    assert document["video"]["fps"] == document["video"]["analysed_fps"] == 30
    assert document["model"] == {
        "backbone": "stub", "method": "stub", "weights_sha256": "0" * 64, "window_s": 0.5, "version": __version__,
    }  # fmt: skip
    assert document["labels"] == ["happiness", "sadness", "smug", "calm, then angry"]
    (face,) = document["faces"]
    n_frames = len(document["time_s"])
    for name in ("box_xyxy_px", "quality", "evidence", "unknown", "shares", "pose_deg"):
        assert len(face[name]) == n_frames == 24
        assert [i for i, value in enumerate(face[name]) if value is None] == [10, 11]
    assert [len(face[name][0]) for name in ("box_xyxy_px", "evidence", "shares", "pose_deg")] == [4, 4, 4, 3]
    assert len(face["blendshapes"]) == 52
    assert {len(values) for values in face["blendshapes"].values()} == {24}


def test_json_on_standard_output_is_nothing_but_json(command, face_clip: Path, capsys) -> None:
    assert command(["analyze", str(face_clip), "--json", "-"]) == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out)["labels"][0] == "neutral"
    assert "Face 1" in captured.err


def test_a_clip_without_a_face_is_no_error(command, empty_clip: Path, tmp_path: Path, capsys) -> None:
    assert command(["analyze", str(empty_clip), "--json", str(tmp_path / "out.json")]) == 0
    assert "No face" in capsys.readouterr().out
    assert json.loads((tmp_path / "out.json").read_text())["faces"] == []


def test_a_part_of_a_clip(command, face_clip: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    assert (
        command(["analyze", str(face_clip), "--start", "0.2", "--end", "0.6", "--fps", "15", "--json", str(out)]) == 0
    )
    document = json.loads(out.read_text())
    assert document["video"]["start_s"] == 0.2
    assert document["video"]["frames"] == 12
    assert len(document["time_s"]) == 6


def test_the_summary_of_a_part_counts_from_the_files_start(command, face_clip: Path, capsys) -> None:
    assert command(["analyze", str(face_clip), "--start", "0.4"]) == 0
    assert capsys.readouterr().out.splitlines()[2].split()[0] == "0.40"


@pytest.mark.filterwarnings("error:Mean of empty slice")
def test_a_single_frame_has_a_readable_summary(command, face_clip: Path, capsys) -> None:
    assert command(["analyze", str(face_clip), "--fps", "0.5"]) == 0
    out = capsys.readouterr().out
    assert "0.00 -    0.00 s" in out
    assert "nan" not in out


def test_version(capsys) -> None:
    with pytest.raises(SystemExit) as end:
        main(["--version"])
    assert end.value.code == 0
    assert capsys.readouterr().out.strip() == f"hesp {__version__}"


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["missing.mp4"], "missing.mp4"),  # no such file
        (["{text}"], "video"),  # not a video
        (["{clip}", "--labels", " , "], "at least one emotion"),  # no label
        (["{clip}", "--labels", ",".join(f"word {i}" for i in range(33))], "At most 32"),  # too many
        (["{clip}", "--label", "x" * 61], "60 characters"),  # too long a label
        (["{clip}", "--json", "{folder}"], "cannot be written"),  # unwritable output
        (["{clip}", "--json", "{folder}/none/out.json"], "cannot be written"),  # output folder missing
        (["{text}", "--json", "{text}"], "it is the input"),  # would replace the clip
        (["{clip}", "--max-minutes", "0.01"], "long"),  # too long a clip
        (["{clip}", "--start", "5"], "start"),  # a part outside the clip
        (["{clip}", "--fps", "0"], "frames a second"),  # impossible rate
    ],
)
def test_bad_input_ends_with_status_2_and_the_reason_last(
    command, arguments: list[str], reason: str, face_clip: Path, tmp_path: Path, capsys
) -> None:
    text = tmp_path / "notes.mp4"
    text.write_text("not a video")
    named = [a.replace("{clip}", str(face_clip)).replace("{text}", str(text)).replace("{folder}", str(tmp_path))
             for a in arguments]  # fmt: skip
    assert command(["analyze", *named]) == 2
    last = capsys.readouterr().err.strip().splitlines()[-1]
    assert last.startswith("error: ")
    assert reason.lower() in last.lower()
    assert [path.name for path in tmp_path.iterdir()] == ["notes.mp4"]


def test_an_unknown_backbone_is_refused_without_a_traceback() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "hesp", "analyze", "clip.mp4", "--backbone", "nonsense"],
        capture_output=True, text=True, check=False, cwd=Path(__file__).resolve().parents[1],
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.strip().splitlines()[-1].startswith("error: There is no backbone 'nonsense'")
    assert "Traceback" not in done.stderr
