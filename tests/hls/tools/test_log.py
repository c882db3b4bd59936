"""Bytes become clean, bounded lines."""

from pathlib import Path

from hlsexplore.support.progress import Event
from hlsexplore_hls.tools.log import MAX_LINE, LineLog, Listeners, log_to, stage_scanner


def lines_of(*pieces: bytes) -> list[str]:
    lines: list[str] = []
    with LineLog(Listeners(on_line=lines.append), max_tail_lines=5) as log:
        for piece in pieces:
            log.feed(piece)
    return lines


def test_lines_are_joined_across_pieces_and_the_last_needs_no_end() -> None:
    assert lines_of(b"on", b"e\ntw", b"o\n\nthree") == ["one", "two", "", "three"]


def test_control_codes_are_removed_and_bad_bytes_replaced() -> None:
    assert lines_of(b"\x1b[31mred\x1b[0m\x07\tend\r\n", b"10%\r20%\r30%\n", b"\xff\n") == ["red\tend", "30%", "�"]


def test_endless_line_is_cut_into_pieces() -> None:
    lines = lines_of(*[b"x" * 10_000] * 50)
    assert all(len(line) <= MAX_LINE for line in lines)
    assert "".join(lines) == "x" * 500_000


def test_skipped_lines_are_told_when_the_second_is_over() -> None:
    now = [0.0]
    lines: list[str] = []
    with LineLog(Listeners(on_line=lines.append), max_tail_lines=5, lines_per_s=2, clock=lambda: now[0]) as log:
        log.feed(b"a\nb\nc\nd\n")
        log.idle()
        assert lines == ["a", "b"]
        now[0] = 1.5
        log.idle()
        assert lines == ["a", "b", "... 2 lines are not shown here ..."]
        log.feed(b"e\n")
    assert lines[3:] == ["e"]
    assert list(log.tail) == ["a", "b", "c", "d", "e"]


def test_log_file_is_written_as_it_came(tmp_path: Path) -> None:
    with LineLog(Listeners(log_file=tmp_path / "log"), max_tail_lines=5) as log:
        log.feed(b"\x1b[31mred\x1b[0m\n")
    assert (tmp_path / "log").read_bytes() == b"\x1b[31mred\x1b[0m\n"


def test_log_to_and_stage_scanner_send_events_in_order_once() -> None:
    events: list[Event] = []
    log_to(events.append)("hello")
    scan = stage_scanner([("^read", "reading", 0.1), ("^map", "mapping", 0.5), ("^done", "done", 1.0)], events.append)
    for line in ("read a", "read b", "done", "map late"):
        scan(line)
    assert events == [
        Event(kind="log", text="hello"),
        Event(kind="stage", text="reading", fraction=0.1),
        Event(kind="stage", text="done", fraction=1.0),
    ]
