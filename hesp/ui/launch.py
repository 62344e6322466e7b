"""Starts the page: checks the port, loads the model, serves until it is stopped, and tidies up.

Everything that can go wrong here ends as one line on standard error and exit status 2.
"""

from __future__ import annotations

import argparse
import os
import signal
import socket
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import gradio as gr

from hesp.engine import Engine
from hesp.errors import HespError
from hesp.ui.page import analysis_desk, build_page
from hesp.ui.theme import page_head, page_theme

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 7860
ALL_ADDRESSES = "0.0.0.0"  # noqa: S104  only if the user says so
# one analysis keeps about four cores busy
CORES_PER_ANALYSIS = 4


class StartError(HespError):
    """The page cannot be served; the message says why and what to do."""


def main(argv: Sequence[str] | None = None) -> int:
    """Read the arguments and serve the page; returns the exit status."""
    try:
        options = _parser().parse_args(argv)
        launch(lambda: _load(options), options.host, options.port)
    except HespError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def launch(load: Callable[[], Engine], host: str, port: int) -> None:
    """Load the engine and serve the page on `host`:`port` until the process is asked to end.

    Raises:
        StartError: the port is taken or the address is not of this machine.
        HespError: whatever `load` raises.
    """
    _check_address(host, port)
    print("Loading the model ...", flush=True)
    engine = load()
    uploads = Path(gr.utils.get_upload_folder())
    uploads.mkdir(parents=True, exist_ok=True)
    # so that the folder below is deleted as well when a service manager ends the process
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="hesp-", dir=uploads, ignore_cleanup_errors=True) as folder:
        slots = max(1, (os.cpu_count() or 1) // CORES_PER_ANALYSIS)
        with closing(analysis_desk(engine, Path(folder), slots=slots)) as desk:
            page = build_page(engine, desk)
            _serve(page, host, port, max_bytes=engine.limits.max_bytes)


def _serve(page: gr.Blocks, host: str, port: int, *, max_bytes: int) -> None:
    """Serve until Ctrl+C."""
    try:
        page.launch(
            server_name=host,
            server_port=port,
            theme=page_theme(),
            head=page_head(),
            max_file_size=max_bytes,
            footer_links=[],
            run_history=False,
            enable_monitoring=False,
            share=False,
            show_error=False,
            quiet=True,
            prevent_thread_lock=True,
        )
        print(f"Ready: http://{_shown_host(host)}:{port}  (Ctrl+C ends it)", flush=True)
        if host == ALL_ADDRESSES:
            print("Everyone in this network can open the page under this machine's address.", flush=True)
        page.block_thread()
    except KeyboardInterrupt:
        pass
    finally:
        page.close(verbose=False)


def _load(options: argparse.Namespace) -> Engine:
    """The engine that the options ask for, with its limits."""
    engine = Engine.load(options.backbone, method=options.method, device=options.device)
    if options.max_minutes is not None:
        engine.limits = replace(engine.limits, max_duration_s=60.0 * options.max_minutes)
    if options.max_megabytes is not None:
        engine.limits = replace(engine.limits, max_bytes=int(options.max_megabytes * 1024**2))
    return engine


def _check_address(host: str, port: int) -> None:
    """Try the port before the model is loaded, so that the answer comes at once."""
    if ":" in host:
        raise StartError(f"{host} is an IPv6 address, which the page cannot be served on; use an IPv4 one, as 0.0.0.0.")
    if not 1 <= port <= 65535:
        raise StartError(
            f"{port} is not a port; choose one from 1024 to 65535: PORT={DEFAULT_PORT} make app, or --port."
        )
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # as the server does: a port that was closed a moment ago is free
        if os.name == "posix":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except socket.gaierror as error:
            raise StartError(f"There is no address {host!r}; use HOST={DEFAULT_HOST}, or 0.0.0.0 for all.") from error
        except OSError as error:
            raise StartError(
                f"Port {port} on {host} cannot be used ({_reason(error)}); choose another one: "
                f"PORT={port + 1 if port < 65535 else DEFAULT_PORT} make app, or --port."
            ) from error


def _reason(error: Exception) -> str:
    return (getattr(error, "strerror", None) or str(error)).lower()


def _shown_host(host: str) -> str:
    """An address that a browser on this machine can open."""
    return DEFAULT_HOST if host == ALL_ADDRESSES else host


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="app.py", description="Serve the page in which face videos are explored.")
    parser.add_argument("--host", default=os.environ.get("HOST") or DEFAULT_HOST, help="address to serve on")
    parser.add_argument("--port", type=int, default=os.environ.get("PORT") or DEFAULT_PORT, help="port to serve on")
    parser.add_argument("--backbone", default="mini", help="mini, an open_clip name or a weights file")
    parser.add_argument("--method", default="zero-shot", help="how the backbone's features become scores")
    parser.add_argument("--device", help="cuda, mps or cpu; by default the fastest there is")
    parser.add_argument("--max-minutes", type=_positive, help="longest clip that is accepted")
    parser.add_argument("--max-megabytes", type=_positive, help="largest file that is accepted")
    return parser


def _positive(text: str) -> float:
    """A number above 0, for argparse."""
    number = float(text)
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not a number above 0")
    return number
