"""HESP: reads facial expression in video with words of your choice."""

from typing import TYPE_CHECKING, Any

from hesp.version import __version__

if TYPE_CHECKING:
    from hesp.engine import Engine
    from hesp.records import Analysis, Scores

__all__ = ["Analysis", "Engine", "Scores", "__version__"]


def __getattr__(name: str) -> Any:
    """Import the public names when they are asked for, so that `import hesp` alone does not load torch."""
    if name == "Engine":
        from hesp.engine import Engine

        return Engine
    if name in ("Analysis", "Scores"):
        from hesp import records

        return getattr(records, name)
    raise AttributeError(f"module 'hesp' has no attribute {name!r}")
