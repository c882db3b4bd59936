"""Figures counted from the RTL's plan, once the design on the screen stays."""

import threading
from collections.abc import Callable
from dataclasses import dataclass

from hlsexplore.design import Design
from hlsexplore.graph import Graph
from hlsexplore.report import Report
from hlsexplore.support.recent import Recent
from hlsexplore.target import Tool
from hlsexplore_widgets.known import KEPT_PLANS
from hlsexplore_widgets.plan_process import PlanProcess
from hlsexplore_widgets.worker import IsSuperseded, LatestWins


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    design: Design
    cancel: threading.Event


class Planner:
    """Plans the newest design for the tool `yosys` in a process of its own; other tools have no plan.

    It holds a thread and a process, and is therefore mutable. Both start with the first design that is planned.

    Attributes:
        process: Where designs are planned.
    """

    def __init__(self, graph: Graph, name: str, calm_s: float, arrived: Callable[[Design, Report], None]) -> None:
        """Keep what to do.

        Args:
            graph: The network.
            name: Name of the thread.
            calm_s: A design stays for so long before it is planned.
            arrived: Called with a planned design and its report, in a thread of its own; must not raise.
        """
        self.process = PlanProcess(graph)
        self._calm_s = calm_s
        self._arrived = arrived
        self._known: Recent[str, Report] = Recent(KEPT_PLANS)
        self._jobs: LatestWins[_Job] = LatestWins(self._run, name)

    def known(self, design: Design) -> Report | None:
        """Return the report of a design that was planned lately."""
        return self._known.get(design.key)

    def submit(self, design: Design, cancel: threading.Event) -> None:
        """Plan a design once it stays, if it is for the tool `yosys` and was not planned lately.

        Args:
            design: The design.
            cancel: Is set as soon as there is a newer one.
        """
        if design.target.tool is Tool.YOSYS and self.known(design) is None:
            self._jobs.submit(_Job(design=design, cancel=cancel))

    def interrupt(self) -> None:
        """Give up the plan that is under way; called behind setting its `cancel`, never waits."""
        self.process.interrupt()

    def wait(self, timeout_s: float = 10.0) -> bool:
        """Wait until nothing is planned; False if that takes longer."""
        return self._jobs.wait(timeout_s)

    def close(self) -> None:
        """End thread and process."""
        self._jobs.close()
        self.process.stop()
        self._jobs.wait()
        self.process.close()

    def _run(self, job: _Job, is_superseded: IsSuperseded) -> None:
        if job.cancel.wait(self._calm_s) or is_superseded():
            return
        report = self.process.plan(job.design, job.cancel)
        if report is not None:
            self._arrived(job.design, self._known.find(job.design.key, lambda: report))
