"""Runs an iterator ahead in a thread of its own, so that decoding, tracking and encoding overlap.

Knows nothing of videos. OpenCV, MediaPipe and torch all let go of Python's lock while they work.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import TypeVar

Item = TypeVar("Item")
# an entry is (item, None), (None, error), or (None, None) at the end
Entry = tuple[Item | None, BaseException | None]

_POLL_S = 0.05


@contextmanager
def prefetch(items: Generator[Item, None, None], *, depth: int) -> Iterator[Iterator[Item]]:
    """Iterate over `items` with up to `depth` of them made ahead.

    However the block ends, `items` is closed in the thread that ran it and the thread has ended before the block is
    left. An exception raised by `items` is raised again where the next item is asked for.
    """
    ready: queue.Queue[Entry[Item]] = queue.Queue(maxsize=depth)
    stop = threading.Event()
    worker = threading.Thread(target=_produce, args=(items, ready, stop), name="prefetch", daemon=True)
    worker.start()
    try:
        yield _consume(ready)
    finally:
        stop.set()
        worker.join()


def _produce(items: Generator[Item, None, None], ready: queue.Queue[Entry[Item]], stop: threading.Event) -> None:
    """Fill the queue until the items or the consumer come to an end."""
    error: BaseException | None = None
    try:
        for item in items:
            _offer(ready, (item, None), stop)
            if stop.is_set():
                break
    except BaseException as raised:  # handed over to the consumer
        error = raised
    finally:
        items.close()
        _offer(ready, (None, error), stop)


def _offer(ready: queue.Queue[Entry[Item]], entry: Entry[Item], stop: threading.Event) -> None:
    """Put an entry, waiting for room only as long as someone may still take it."""
    while not stop.is_set():
        try:
            ready.put(entry, timeout=_POLL_S)
        except queue.Full:
            continue
        return


def _consume(ready: queue.Queue[Entry[Item]]) -> Iterator[Item]:
    while True:
        item, error = ready.get()
        if error is not None:
            raise error
        if item is None:
            return
        yield item
