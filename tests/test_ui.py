"""The page without a browser: colours, what is remembered and sent, static files, and the start."""

from __future__ import annotations

import re
import socket
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ui_stubs import LABELS, N_FRAMES, FakeEngine, make_analysis, make_track

pytest.importorskip("gradio")

from hesp.ui import launch
from hesp.ui.palette import COLORS, STYLES, assign_styles
from hesp.ui.parts import STATIC
from hesp.ui.payload import curve_bytes, geometry_bytes
from hesp.ui.visit import KEPT_FILES_PER_KIND, OpenAnalysis, Visit, file_url, new_folder


def test_styles_are_different_and_enough_for_all_labels() -> None:
    assert len(set(STYLES)) == len(STYLES) >= 32
    assert "dot" not in {style.dash for style in STYLES}, "dotted is the unknown curve's"


def test_labels_keep_their_style_and_get_it_back() -> None:
    first = assign_styles(("a", "b", "c"), {})
    without = assign_styles(("a", "c", "d"), first)
    assert {label: without[label] for label in "ac"} == {label: first[label] for label in "ac"}
    assert without["d"] not in first.values()
    assert assign_styles(("a", "b"), without)["b"] == first["b"]


def test_no_two_labels_on_show_share_a_style_after_many_changes() -> None:
    styles: dict[str, Any] = {}
    for start in range(0, 200, 7):
        labels = tuple(f"word {number}" for number in range(start, start + 32))
        styles = assign_styles(labels, styles)
        assert len({styles[label] for label in labels}) == 32
    assert len(COLORS) >= 8


def test_geometry_is_laid_out_as_the_page_reads_it(tmp_path: Path) -> None:
    analysis = make_analysis(tmp_path, make_track(0, [1, 2]), make_track(5, [0]))
    data = geometry_bytes(analysis)
    assert np.array_equal(np.frombuffer(data, "<i4", N_FRAMES), np.arange(N_FRAMES))
    values = np.frombuffer(data, "<f4", offset=4 * N_FRAMES).reshape(2, N_FRAMES, 12)
    assert values[0, 1].tolist() == [1, 2, 3, 4, *range(8)]
    assert np.isnan(values[0, 0]).all()
    assert np.isnan(values[1, 1:]).all()
    assert values[1, 0, 0] == 6


def test_curves_are_evidence_rows_then_unknown(tmp_path: Path) -> None:
    analysis = make_analysis(tmp_path, make_track(0, [1, 2]))
    values = np.frombuffer(curve_bytes(FakeEngine().score(analysis, LABELS)), "<f4").reshape(len(LABELS) + 1, N_FRAMES)
    assert values[:, 1].tolist() == pytest.approx([0.09, 0.04, 0.0])
    assert np.isnan(values[:, 0]).all()


def test_files_of_a_kind_are_few_and_go_with_the_analysis(tmp_path: Path) -> None:
    opened = OpenAnalysis(make_analysis(tmp_path), new_folder(tmp_path))
    urls = [opened.write("curves", bytes([number])) for number in range(12)]
    assert len(set(urls)) == 12
    kept = sorted(opened.folder.iterdir())
    assert len(kept) == KEPT_FILES_PER_KIND
    assert kept[-1].read_bytes() == bytes([11])
    opened.close()
    opened.close()
    assert not opened.folder.exists()


def test_urls_survive_odd_folder_names(tmp_path: Path) -> None:
    assert file_url(tmp_path / "a b#c?d%e").endswith("/a%20b%23c%3Fd%25e")


def test_showing_another_analysis_deletes_the_one_before(tmp_path: Path) -> None:
    first, second = (OpenAnalysis(make_analysis(tmp_path), new_folder(tmp_path)) for _ in range(2))
    visit = Visit()
    visit.show(first)
    visit.show(second)
    assert not first.folder.exists()
    assert second.folder.exists()
    visit.close()
    assert not second.folder.exists()


def test_templates_mention_no_property_and_scripts_quote_none() -> None:
    for name in ("player", "words"):
        assert "{{" not in (STATIC / f"{name}.html").read_text()
        assert "${" not in (STATIC / f"{name}.html").read_text() + (STATIC / f"{name}.css").read_text()
    scripts = "".join(path.read_text() for path in STATIC.glob("*.js"))
    for name in ("curves", "styles", "attention", "status", "message"):
        assert not re.search(rf"['\"`]{name}['\"`]", scripts), f"Gradio would take {name!r} for an event"


def test_nothing_static_comes_from_outside() -> None:
    text = "".join(path.read_text() for path in STATIC.iterdir())
    assert re.findall(r"https?://[^\s\"')]+", text) == []


def test_busy_port_is_one_clear_line(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert launch.main(["--port", str(port)]) == 2
    error = capsys.readouterr().err.strip()
    assert f"Port {port}" in error
    assert f"PORT={port + 1}" in error
    assert "\n" not in error


def test_port_and_host_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[tuple[str, int]] = []
    monkeypatch.setenv("PORT", "8123")
    monkeypatch.setenv("HOST", "0.0.0.0")
    monkeypatch.setattr(launch, "launch", lambda load, host, port: called.append((host, port)))
    assert launch.main([]) == 0
    assert launch.main(["--port", "9000", "--host", "127.0.0.1"]) == 0
    assert called == [("0.0.0.0", 8123), ("127.0.0.1", 9000)]


@pytest.mark.parametrize("arguments", [["--port", "x"], ["--max-minutes", "0"], ["--max-megabytes", "nan"]])
def test_bad_options_are_refused(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as refusal:
        launch.main(arguments)
    assert refusal.value.code == 2
