"""What the page remembers of one visitor, and the folder that their analysis lies in.

A `Visit` is the value of the page's gr.State: it is made empty, lives an hour after its last use and takes its files
with it when it goes.
"""

from __future__ import annotations

import secrets
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from hesp.records import Analysis
from hesp.ui.palette import LineStyle

# A browser may still be fetching the file before the newest one; older ones are never asked for again.
KEPT_FILES_PER_KIND = 4


def file_url(path: Path) -> str:
    """Where the browser finds a file, relative to the page so that it also holds behind a proxy."""
    return f"gradio_api/file={quote(path.resolve().as_posix(), safe='/:')}"


@dataclass
class OpenAnalysis:
    """An analysis on show and the folder with everything that the browser loads of it.

    The folder's name is the id: too long to be guessed, so no visitor can ask for the files of another.
    """

    analysis: Analysis
    folder: Path
    n_written: int = 0

    @property
    def id(self) -> str:
        """Name of this analysis in all messages between page and server."""
        return self.folder.name

    def write(self, kind: str, data: bytes) -> str:
        """Store `data` for the browser and return its URL; the oldest files of this `kind` are deleted."""
        self.n_written += 1
        path = self.folder / f"{kind}-{self.n_written:06d}.bin"
        path.write_bytes(data)
        for old in sorted(self.folder.glob(f"{kind}-*.bin"))[:-KEPT_FILES_PER_KIND]:
            old.unlink(missing_ok=True)
        return file_url(path)

    def close(self) -> None:
        """Delete the analysis with all its files; harmless when called again."""
        self.analysis.close()
        shutil.rmtree(self.folder, ignore_errors=True)


@dataclass
class Visit:
    """One visitor's words, how their curves are drawn, and the analysis on show if there is one."""

    labels: tuple[str, ...] = ()
    styles: dict[str, LineStyle] = field(default_factory=dict)
    opened: OpenAnalysis | None = None

    def show(self, opened: OpenAnalysis | None) -> None:
        """Put another analysis in place of the one on show, which is deleted."""
        previous, self.opened = self.opened, opened
        if previous is not None:
            previous.close()

    def close(self) -> None:
        """Delete what this visitor left behind."""
        self.show(None)


def new_folder(parent: Path) -> Path:
    """Make a folder in `parent` whose name cannot be guessed."""
    folder = parent / secrets.token_urlsafe(18)
    folder.mkdir(parents=True)
    return folder
