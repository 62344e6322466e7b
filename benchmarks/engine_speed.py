"""How fast a file becomes an Analysis, how fast a new word is scored, and what a minute keeps.

    python benchmarks/engine_speed.py [CLIP ...] [--seconds 30] [--repeat 3]

Prints, for each clip given and for a made one, frames a second from file to Analysis (every frame tracked, median of
the runs) and the time of `score` with 8 labels of which one is new.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from pathlib import Path

from clips import make_clip

from hesp.engine import Engine
from hesp.records import Analysis

NEW_WORDS = ("smug", "puzzled", "trying not to laugh", "wistful", "dumbfounded", "grumpy", "sleepy", "raised eyebrows")


def kept_megabytes(analysis: Analysis) -> tuple[float, float]:
    """Megabytes an analysis keeps in memory and on disk."""
    arrays = [getattr(track, name) for track in analysis.tracks for name in track.__dataclass_fields__]
    memory = sum(array.nbytes for array in arrays if hasattr(array, "nbytes"))
    memory += sum(features.pooled.nbytes for features in analysis.features)
    disk = sum(path.stat().st_size for path in analysis.work_dir.iterdir())
    return memory / 1e6, disk / 1e6


def measure(engine: Engine, clip: Path, n_runs: int) -> None:
    """Print the figures of one clip."""
    rates, scores = [], []
    for run in range(n_runs):
        start = time.perf_counter()
        with engine.analyze(clip) as analysis:
            seconds = time.perf_counter() - start
            rates.append(len(analysis.time_s) / seconds)
            engine.score(analysis, engine.default_labels)
            for word in NEW_WORDS:
                # a word the engine has not met
                labels = (*engine.default_labels, f"{word} {clip.stem} {run}")
                start = time.perf_counter()
                engine.score(analysis, labels)
                scores.append(time.perf_counter() - start)
            memory, disk = kept_megabytes(analysis)
            minutes = analysis.video.duration_s / 60
            length = f"{analysis.video.duration_s:.1f} s {analysis.video.width}x{analysis.video.height}"
    print(f"{clip.name} ({length})")
    print(f"  file to Analysis: {statistics.median(rates):.1f} frames/s (runs: {', '.join(f'{r:.1f}' for r in rates)})")
    print(f"  score, 8 labels, one new: {1000 * statistics.median(scores):.0f} ms, worst {1000 * max(scores):.0f} ms")
    print(f"  kept per minute: {memory / minutes:.1f} MB in memory, {disk / minutes:.1f} MB on disk", flush=True)


def main() -> None:
    """Measure the clips of the command line and a made one."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("clips", nargs="*", type=Path)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()
    engine = Engine.load()
    print(f"{os.cpu_count()} cores, device {engine.model.device}")
    with tempfile.TemporaryDirectory() as folder:
        for clip in (*options.clips, make_clip(Path(folder) / "made.mp4", options.seconds)):
            measure(engine, clip, options.repeat)


if __name__ == "__main__":
    main()
