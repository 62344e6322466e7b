"""From `python app.py` to the first page, installed.

python benchmarks/startup.py [--repeat 3]
"""

from __future__ import annotations

import argparse
import socket
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TIMEOUT_S = 120


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def seconds_to_first_page() -> float:
    """Start the app, wait until it answers with its page, stop it."""
    port = free_port()
    start = time.perf_counter()
    app = subprocess.Popen(
        [sys.executable, "app.py", "--port", str(port)], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        while time.perf_counter() - start < TIMEOUT_S:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/") as page:
                    page.read()
                    return time.perf_counter() - start
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.05)
        raise TimeoutError(f"no page after {TIMEOUT_S} s")
    finally:
        app.terminate()
        app.wait()


def main() -> None:
    """Print every run and the median."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeat", type=int, default=3)
    times = [seconds_to_first_page() for _ in range(parser.parse_args().repeat)]
    print(f"start to first page: {statistics.median(times):.1f} s (runs: {', '.join(f'{t:.1f}' for t in times)})")


if __name__ == "__main__":
    main()
