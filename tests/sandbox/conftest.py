"""A zygote for the tests of a module, and a way to run a few lines in it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gradverify.sandbox import Answer, Argument, Limits, Zygote

# Generous, so that a busy machine changes no outcome; what never ends gets its own.
LIMITS = Limits(seconds=60, start_seconds=60, memory_mb=256, answer_bytes=1 << 20)
Run = Callable[..., Answer]


@pytest.fixture(scope="module")
def zygote() -> Iterator[Zygote]:
    with Zygote(LIMITS) as started:
        yield started


@pytest.fixture
def run(zygote: Zygote, tmp_path: Path) -> Run:
    """Call the function `f` of a submission with this source."""

    def run(source: str, *arguments: Argument, entry: str = "f") -> Answer:
        (tmp_path / "answers.py").write_text(source)
        with zygote.open(tmp_path, "answers.py") as session:
            return session.call(entry, arguments)

    return run
