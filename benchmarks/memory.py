"""Peak memory of a five-minute clip against a thirty-second one.

    python benchmarks/memory.py [--seconds 30 300]

Each clip is analysed and scored in a process of its own; prints the peak resident size and what the analysis keeps.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from clips import make_clip


def analyse(clip: Path) -> None:
    """In the child process: print peak and kept megabytes."""
    from engine_speed import kept_megabytes

    from hesp.engine import Engine

    engine = Engine.load()
    with engine.analyze(clip) as analysis:
        engine.score(analysis, engine.default_labels)
        memory, disk = kept_megabytes(analysis)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
        print(f"RESULT {peak} {memory} {disk}")


def main() -> None:
    """Analyse clips of both lengths and compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, nargs="+", default=[30.0, 300.0])
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        analyse(options.child)
        return
    beyond = []
    with tempfile.TemporaryDirectory() as folder:
        for seconds in options.seconds:
            clip = make_clip(Path(folder) / f"{seconds:g}.mp4", seconds)
            done = subprocess.run(
                [sys.executable, __file__, "--child", clip], capture_output=True, text=True, check=True
            )
            line = next(line for line in done.stdout.splitlines() if line.startswith("RESULT"))
            peak, memory, disk = map(float, line.split()[1:])
            beyond.append(peak - memory)
            print(f"{seconds:g} s: peak {peak:.0f} MB, of it kept {memory:.0f} MB; {disk:.0f} MB on disk", flush=True)
    print(f"apart beyond what is kept: {max(beyond) - min(beyond):.0f} MB")


if __name__ == "__main__":
    main()
