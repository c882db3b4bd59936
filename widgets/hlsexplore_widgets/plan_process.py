"""A process that plans designs: the solver holds Python's lock for up to a second, which would stop the sliders.

Both ends of its pipe are here. It carries pickles: to the process first the graph, then target and layers of each
design; back first a word that it is ready, then each report, or None where there is no plan, with the text of an
unexpected error.
"""

import logging
import os
import pickle
import subprocess
import sys
import threading
import traceback
from collections.abc import Mapping
from contextlib import suppress
from queue import SimpleQueue
from tempfile import TemporaryFile
from typing import IO, Any

from hlsexplore.design import Design
from hlsexplore.errors import HlsExploreError
from hlsexplore.graph import Graph
from hlsexplore.layer_config import LayerConfig
from hlsexplore.report import Report
from hlsexplore.target import Target

NICENESS = 10
"""The explorer's own work comes first."""
SHOWN_CHARACTERS = 2000
"""So much of what a dead process printed goes to the log."""
logger = logging.getLogger(__name__)


class PlanProcess:
    """Plans designs in a process of its own, which starts with the first one and ends with this one.

    The process knows one graph; a design of another one starts it again.

    It is mutable because the process starts, dies and starts again.
    """

    def __init__(self, graph: Graph) -> None:
        """Keep the graph of the first designs."""
        self._graph = graph
        self._process: subprocess.Popen[bytes] | None = None
        self._printed: IO[bytes] | None = None
        self._is_planning = False
        self._is_closed = False

    @property
    def is_planning(self) -> bool:
        """Whether a plan is under way."""
        return self._is_planning

    @property
    def pid(self) -> int | None:
        """Number of the process, or None when none runs."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else None

    def plan(self, design: Design, cancel: threading.Event) -> Report | None:
        """Return the report of a design's plan; called from one thread at a time.

        Args:
            design: A design of the graph, for the tool `yosys`.
            cancel: Whoever sets it calls `interrupt` then.

        Returns:
            The report; None where there is no plan, and where the process was interrupted or died, which the log tells.
        """
        try:
            process = self._started(design.graph)
            self._is_planning = True
            if cancel.is_set() or self._is_closed:
                return None
            _write((design.target, design.layers), process.stdin)
            answer: tuple[Report | None, str] = _read(process.stdout)
        except (OSError, EOFError, pickle.PickleError) as error:
            if not cancel.is_set() and not self._is_closed:
                reason = f"{type(error).__name__}: {error}"
                logger.warning("the process that plans designs failed (%s). It printed: %s", reason, self._text())
            self._end()
            return None
        finally:
            self._is_planning = False
        report, unexpected = answer
        if unexpected:
            logger.warning("the plan of a design failed: %s", unexpected)
        return report

    def interrupt(self) -> None:
        """Give up the plan that is under way, if there is one; never waits. Finished layers are in the cache."""
        if self._is_planning:
            self._kill()

    def stop(self) -> None:
        """Let `plan` return, now and later; never waits."""
        self._is_closed = True
        self._kill()

    def close(self) -> None:
        """End the process; nothing calls `plan` any more."""
        self._is_closed = True
        self._end()

    def _kill(self) -> None:
        process = self._process
        if process is not None:
            process.kill()

    def _started(self, graph: Graph) -> subprocess.Popen[bytes]:
        """Return the process, a new one where none runs or it knows another graph."""
        is_same = graph.digest == self._graph.digest
        if self._process is not None and self._process.poll() is None and is_same:
            return self._process
        self._end()
        self._graph = graph
        self._printed = TemporaryFile()  # noqa: SIM115 (_end closes it)
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", __name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._printed,
            start_new_session=True,  # an interrupt of the kernel is not for it
            creationflags=getattr(subprocess, "BELOW_NORMAL_PRIORITY_CLASS", 0),
        )
        _write(self._graph, self._process.stdin)
        _read(self._process.stdout)
        return self._process

    def _end(self) -> None:
        process, printed = self._process, self._printed
        self._process = self._printed = None
        if process is not None:
            process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout):
                with suppress(OSError):  # what was not written yet
                    stream.close()  # type: ignore[union-attr]
        if printed is not None:
            printed.close()

    def _text(self) -> str:
        if self._printed is None:
            return ""
        self._printed.seek(0)
        return self._printed.read().decode(errors="replace")[-SHOWN_CHARACTERS:]


def _write(item: object, stream: IO[bytes] | None) -> None:
    if stream is None:
        raise EOFError("the process has no pipe.")
    pickle.dump(item, stream)
    stream.flush()


def _read(stream: IO[bytes] | None) -> Any:
    if stream is None:
        raise EOFError("the process has no pipe.")
    return pickle.load(stream)


def main() -> None:
    """Plan what comes on the standard input until it ends."""
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    from hlsexplore.estimate.rtl import planned  # noqa: F401 (what takes long to import, before it is ready)

    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what libraries print does not enter the pipe
    requests: SimpleQueue[Any] = SimpleQueue()
    threading.Thread(target=_listen, args=(requests,), daemon=True).start()
    graph = requests.get()
    _write("ready", answers)
    while True:
        _write(_answer(graph, *requests.get()), answers)


def _listen(requests: "SimpleQueue[Any]") -> None:
    """Take requests; the end of the pipe ends the process, whatever it does."""
    try:
        while True:
            requests.put(_read(sys.stdin.buffer))
    except EOFError:
        os._exit(0)
    except Exception:
        traceback.print_exc()
        os._exit(1)


def _answer(graph: Graph, target: Target, layers: Mapping[str, LayerConfig]) -> tuple[Report | None, str]:
    """Plan a design, unless it is so large that Yosys would take minutes: its plan takes them too, and nobody asked."""
    from hlsexplore.estimate import forecast
    from hlsexplore.estimate.rtl.planned import planned_report

    try:
        design = Design(graph=graph, target=target, layers=layers)
        return (None if forecast(design).warnings else planned_report(design)), ""
    except HlsExploreError:
        return None, ""
    except Exception as error:
        return None, f"{type(error).__name__}: {error}"


if __name__ == "__main__":
    main()
