"""Messages, the shared page, and the output that is cut at marks."""

from __future__ import annotations

import io
import os
import socket
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradverify.run import wire
from gradverify.run.capture import KEPT, CapturedStreams, OutputSplitter, without_own_frames

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


@given(st.lists(JSON, max_size=5), st.integers(1, 50))
def test_messages_arrive_whole_however_the_stream_is_cut(messages: list[object], size: int) -> None:
    stream = b"".join(map(wire.encode, messages))
    reader = wire.FrameReader()
    received = [m for i in range(0, len(stream), size) for m in reader.feed(stream[i : i + size])]
    assert received == messages
    assert not reader.pending


@given(JSON)
def test_a_blocking_receiver_gets_what_was_sent(message: object) -> None:
    here, there = socket.socketpair()
    with here, there:
        here.sendall(wire.encode(message))
        assert wire.receive(there) == message


def test_a_closed_channel_is_the_end_of_messages() -> None:
    here, there = socket.socketpair()
    with there:
        here.sendall(wire.encode([1])[:-1])
        here.close()
        assert wire.receive(there) is None


@pytest.mark.parametrize("junk", [b"\xff\xff\xff\xff", wire.HEADER.pack(3) + b"{a}", wire.HEADER.pack(2) + b"\xff\xfe"])
def test_what_is_no_message_is_refused(junk: bytes) -> None:
    with pytest.raises(wire.BrokenChannelError):
        list(wire.FrameReader().feed(junk))


def test_a_page_that_is_half_written_says_that_nothing_runs() -> None:
    page = wire.StatusPage.create()
    page.begin(0)
    whole = page._page[:]
    page.finish()
    for written in range(1, 20):
        page._page[:written] = whole[:written]
        assert page.read()[:2] == (-1, 0.0)
    page._page[:] = whole
    assert page.read()[0] == 0
    page.close()


def test_a_message_nested_without_end_is_refused() -> None:
    body = b"[" * 200_000
    with pytest.raises(wire.BrokenChannelError):
        list(wire.FrameReader().feed(wire.HEADER.pack(len(body)) + body))


def test_a_message_that_is_too_large_is_refused_where_it_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "MAX_FRAME", 10)
    with pytest.raises(wire.BrokenChannelError):
        wire.encode("x" * 11)


@pytest.fixture
def page() -> Iterator[wire.StatusPage]:
    page = wire.StatusPage.create()
    yield page
    page.close()


def test_the_page_tells_another_process_the_phase(page: wire.StatusPage) -> None:
    pid = os.fork()
    if pid == 0:
        page.begin(7)
        page.phase("backend sympy")
        os._exit(0)
    os.waitpid(pid, 0)
    number, started, phase = page.read()
    assert (number, phase) == (7, "backend sympy")
    assert started > 0


def test_a_page_without_a_task_says_so(page: wire.StatusPage) -> None:
    page.begin(3)
    page.finish()
    assert page.read()[0] == -1


@given(st.text())
def test_any_phase_fits_the_page(text: str) -> None:
    page = wire.StatusPage.create()
    page.phase(text)
    assert len(page.read()[2]) <= len(text)
    page.close()


@given(st.lists(st.binary(max_size=200), max_size=6), st.integers(1, 64), st.text("0123456789abcdef", min_size=16))
def test_output_is_cut_between_tasks_wherever_the_stream_is_cut(printed: list[bytes], size: int, token: str) -> None:
    here, there = os.pipe()
    streams = CapturedStreams(there, token[:16])
    for number, data in enumerate(printed):
        os.write(there, data)
        streams.end(number)
    os.close(there)
    with os.fdopen(here, "rb") as file:
        stream = file.read()
    splitter = OutputSplitter(token[:16])
    for i in range(0, len(stream), size):
        splitter.feed(stream[i : i + size])
    assert [splitter.take(n) for n in range(len(printed))] == [d.decode(errors="backslashreplace") for d in printed]
    assert splitter.take_rest() == ""


def test_a_task_that_never_ended_leaves_its_output() -> None:
    splitter = OutputSplitter("0" * 16)
    splitter.feed(b"so far\x00<")
    assert splitter.take_rest() == "so far\x00<"


def test_only_the_beginning_of_the_output_is_kept() -> None:
    splitter = OutputSplitter("0" * 16)
    for _ in range(10):
        splitter.feed(b"x" * KEPT)
    text = splitter.take_rest()
    assert text.startswith("x" * KEPT + "\n")
    assert f"{9 * KEPT} more bytes" in text


def test_a_crash_is_shown_without_gradverifys_own_calls() -> None:
    own = io.StringIO()
    print('  File "/home/me/f.py", line 3 in f', file=own)
    text = f"printed\nStack (most recent call first):\n{own.getvalue()}"
    shown = without_own_frames(text + f'  File "{os.path.dirname(wire.__file__)}/pool.py", line 1 in run\n')
    assert shown == text + "  … gradverify's own calls\n"
    assert without_own_frames(text) == text
