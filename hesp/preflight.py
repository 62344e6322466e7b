"""Looks before the start whether everything the app imports is there; needs nothing but the standard library.

A missing package or system library becomes one line that says which it is and how to get it.
"""

from __future__ import annotations

import importlib
import re
import sys
from importlib import metadata

# import name -> name for pip; in an order in which the likeliest trouble comes first
PACKAGES = {
    "numpy": "numpy",
    "cv2": "opencv-python",
    "torch": "torch",
    "torchvision": "torchvision",
    "open_clip": "open_clip_torch",
    "mediapipe": "mediapipe",
    "gradio": "gradio",
    "plotly": "plotly",
    "scipy": "scipy",
    "yaml": "PyYAML",
    "imageio_ffmpeg": "imageio-ffmpeg",
}
# shared library -> Debian's package; slim images lack them
DEBIAN_PACKAGES = {"libGL": "libgl1", "libEGL": "libegl1", "libGLESv2": "libgles2", "libgthread": "libglib2.0-0"}
PYTHON_RANGE = ((3, 10), (3, 14))


def check() -> None:
    """End the program with status 2 and one line on standard error if something is missing."""
    problem = find_problem()
    if problem is not None:
        sys.stderr.write(problem + "\n")
        raise SystemExit(2)


def find_problem() -> str | None:
    """One sentence on what is missing and how to get it, or None."""
    lowest, end = PYTHON_RANGE
    if not lowest <= sys.version_info[:2] < end:
        found = ".".join(map(str, sys.version_info[:2]))
        return f"Python 3.10 to 3.13 is needed, and this is {found}; make the environment with another Python."
    for module, package in PACKAGES.items():
        try:
            importlib.import_module(module)
        except (ImportError, OSError) as error:
            return explain(package, error)
    return _opencv_problem() or _landmarker_problem()


def explain(package: str, error: BaseException) -> str:
    """What to do about a package that fails to import."""
    library = re.search(r"(lib[A-Za-z0-9_+-]+)[.\w]*\.so", str(error))
    if library:
        name = DEBIAN_PACKAGES.get(library[1])
        remedy = f"apt-get install {name}" if name else f"install the system package that contains {library[1]}"
        return f"{package} needs the system library {library[1]}, which is missing; on Debian or Ubuntu run: {remedy}"
    if isinstance(error, ModuleNotFoundError):
        return f"The Python package {package} is missing ({error}); run: pip install -r requirements.txt"
    return f"The Python package {package} does not import ({error}); run: pip install --force-reinstall {package}"


def _opencv_problem() -> str | None:
    """Two builds of OpenCV in one folder work only while they are of one version."""
    versions = {}
    for package in ("opencv-python", "opencv-contrib-python"):
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    if len(set(versions.values())) <= 1:
        return None
    both = " and ".join(f"{package} {version}" for package, version in versions.items())
    newest = max(versions.values(), key=lambda version: [int(part) for part in re.findall(r"\d+", version)])
    return (
        f"{both} share one cv2 folder and must be of one version; "
        f"run: pip install opencv-python=={newest} opencv-contrib-python=={newest}"
    )


def _landmarker_problem() -> str | None:
    """MediaPipe loads its C library only when a task is made, so its libraries are tried here."""
    from hesp.errors import DependencyError
    from hesp.face import Landmarker

    try:
        Landmarker(max_faces=1).close()
    except DependencyError as error:
        return str(error)
    except (OSError, RuntimeError) as error:
        return explain("mediapipe", error)
    return None
