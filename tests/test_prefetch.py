"""Running ahead in a thread: order, errors, and a clean end however the loop ends."""

import threading
from collections.abc import Generator

import pytest

from hesp.prefetch import prefetch


class Source:
    """Counts, and remembers whether it was closed and in which thread."""

    def __init__(self, n_items: int, fail_at: int | None = None) -> None:
        self.n_items, self.fail_at = n_items, fail_at
        self.n_made = 0
        self.closed_in: str | None = None

    def run(self) -> Generator[int, None, None]:
        try:
            for i in range(self.n_items):
                if i == self.fail_at:
                    raise ValueError("broken item")
                self.n_made += 1
                yield i
        finally:
            self.closed_in = threading.current_thread().name


def n_prefetch_threads() -> int:
    return sum(thread.name == "prefetch" for thread in threading.enumerate())


def test_items_arrive_in_order() -> None:
    source = Source(100)
    with prefetch(source.run(), depth=3) as items:
        assert list(items) == list(range(100))
    assert source.closed_in == "prefetch"
    assert n_prefetch_threads() == 0


def test_leaving_early_closes_the_source_and_runs_little_ahead() -> None:
    source = Source(10_000)
    with prefetch(source.run(), depth=3) as items:
        for item in items:
            if item == 5:
                break
    assert source.closed_in == "prefetch"
    assert source.n_made <= 6 + 3 + 2
    assert n_prefetch_threads() == 0


def test_an_error_of_the_source_reaches_the_consumer_at_its_place() -> None:
    seen = []
    with pytest.raises(ValueError, match="broken item"), prefetch(Source(10, fail_at=4).run(), depth=2) as items:
        for item in items:
            seen.append(item)
    assert seen == [0, 1, 2, 3]
    assert n_prefetch_threads() == 0


def test_an_error_of_the_consumer_ends_a_chain() -> None:
    first = Source(10_000)
    with (
        pytest.raises(RuntimeError, match="consumer"),
        prefetch(first.run(), depth=2) as numbers,
        prefetch((number * 2 for number in numbers), depth=2) as doubled,
    ):
        assert next(doubled) == 0
        raise RuntimeError("consumer")
    assert first.closed_in == "prefetch"
    assert n_prefetch_threads() == 0
