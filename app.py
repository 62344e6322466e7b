"""Starts the page: `python app.py --help` lists the options, PORT and HOST are read from the environment."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from hesp.preflight import check


def main(argv: Sequence[str] | None = None) -> int:
    """Serve the page until it is stopped; returns the exit status."""
    check()
    # only now: these imports need the packages that were just checked
    from hesp.ui.launch import main as serve  # noqa: PLC0415

    return serve(argv)


if __name__ == "__main__":
    sys.exit(main())
