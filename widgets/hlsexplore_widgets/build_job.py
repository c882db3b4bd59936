"""Export, verification and synthesis behind the panels, with stages, log and cancel."""

import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from hlsexplore.design import Design
from hlsexplore.errors import CancelledError
from hlsexplore.estimate import estimate
from hlsexplore.estimate.calibration import calibrated
from hlsexplore.report import Report
from hlsexplore.support.cancel import cancellable
from hlsexplore.support.progress import Event
from hlsexplore.target import Tool
from hlsexplore_hls import Project, export
from hlsexplore_hls.flows import FLOWS, find_flow
from hlsexplore_hls.tools.table import tools_of
from hlsexplore_widgets.background_job import BackgroundJob
from hlsexplore_widgets.channel import Topic
from hlsexplore_widgets.live import Verification
from hlsexplore_widgets.outlook import outlook
from hlsexplore_widgets.protocol_jobs import BuildOptionData
from hlsexplore_widgets.state import ExplorerState

Condition = Literal["idle", "running", "done", "failed", "cancelled"]
STAGES = ("Export", "Verify", "Synthesize", "Report")
FLOW_OF = {Tool.YOSYS: "rtl", Tool.VITIS_HLS: "vitis", Tool.VIVADO_HLS: "vitis"}
"""What is generated for the tool that the page speaks of."""
LOG_LINES = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildStatus:
    """How far a build is.

    Attributes:
        condition: What it does.
        stage: Index into the stages.
        stages: Names of the stages of this build.
        message: What happens, in words.
        fraction: Share that is done.
        started: When it began, seconds since 1970.
        elapsed_s: Time that it took, once it has ended.
    """

    condition: Condition = "idle"
    stage: int = 0
    stages: tuple[str, ...] = ()
    message: str = ""
    fraction: float = 0.0
    started: float = 0.0
    elapsed_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildResult:
    """What a build gave.

    Attributes:
        design: The design that was built.
        project: The project.
        estimate: The estimate for the chosen tool before the report was known, or None.
        verification: Comparison of the generated code with the emulator.
        report: The tool's report, or None without synthesis.
        learnt: What the report changes: factor on later estimates of this network for this tool, by figure.
    """

    design: Design
    project: Project
    estimate: Report | None
    verification: Verification | None = None
    report: Report | None = None
    learnt: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildOptions:
    """What is built.

    Attributes:
        flow: What is generated.
        tool: What synthesizes it.
        folder: Where the project goes.
        interface: What its top level looks like, or its back end; "" is the flow's first.
    """

    flow: str
    tool: str
    folder: str
    interface: str = ""


@dataclass(slots=True)
class _Log:
    """The newest lines of the tools; grows while a build runs."""

    lines: deque[str] = field(default_factory=lambda: deque(maxlen=LOG_LINES))
    fresh: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, line: str) -> None:
        with self.lock:
            self.lines.append(line)
            self.fresh.append(line)

    def take(self) -> list[str]:
        with self.lock:
            fresh, self.fresh = self.fresh[-LOG_LINES:], []
            return fresh

    def clear(self) -> None:
        with self.lock:
            self.lines.clear()
            self.fresh.clear()


class BuildJob(BackgroundJob[BuildOptions, BuildStatus]):
    """Builds a state's current design in a thread; mutable, for it starts and ends."""

    def __init__(self, state: ExplorerState) -> None:
        """Wait for a start."""
        self._state = state
        self._tool = state.design.target.tool
        super().__init__(self._of_page(), BuildStatus(), lambda: state.notify("build"), per_second=8.0)
        self._result: BuildResult | None = None
        self._log = _Log()
        state.subscribe(self._follow, "design")

    @property
    def result(self) -> BuildResult | None:
        """What the latest build gave."""
        return self._result

    @property
    def log(self) -> str:
        """The newest lines of the tools."""
        return "".join(f"{line}\n" for line in tuple(self._log.lines))

    def take_log(self) -> list[str]:
        """Return the lines that nobody has taken yet."""
        return self._log.take()

    def _of_page(self) -> BuildOptions:
        """Build by the tool whose figures tiles and trials show."""
        flow = FLOW_OF[self._tool]
        return BuildOptions(flow=flow, tool=str(self._tool), folder=f"{_safe(self._state.graph.name)}-{flow}")

    def _follow(self, topic: Topic) -> None:
        """Follow the page to another tool; a folder of the user's own stays."""
        tool = self._state.design.target.tool
        if tool == self._tool:
            return
        before, self._tool = self._options, tool
        is_own = before.folder != f"{_safe(self._state.graph.name)}-{before.flow}"
        changed = self._of_page()
        self._options = replace(changed, folder=before.folder) if is_own else changed
        self._state.notify("build")

    def choose(self, **options: str) -> None:
        """Change flow, tool, folder or interface; the others follow the flow.

        Raises:
            ConfigError: If the flow does not exist.
        """
        changed = replace(self._options, **options)
        find_flow(changed.flow)
        if "flow" in options:
            changed = replace(changed, tool=next(iter(tools_of(changed.flow)), ""), interface="")
            if changed.folder == f"{_safe(self._state.graph.name)}-{self._options.flow}":
                changed = replace(changed, folder=f"{_safe(self._state.graph.name)}-{changed.flow}")
        self._options = changed
        self._state.notify("build")

    def start(self, synthesize: bool = True) -> None:
        """Export the current design, compare it with the emulator, and synthesize it if the flow has a tool."""
        if self.is_active:
            return
        synthesize = synthesize and bool(self._options.tool)
        self._cancel = threading.Event()
        self._log.clear()
        design = self._state.design
        stages = STAGES if synthesize else STAGES[:2]
        self._result = None
        self._set(BuildStatus(condition="running", stages=stages, message="exporting", started=time.time()))
        self._launch("build", self._run, design, synthesize)

    def cancel(self) -> None:
        """Stop; every process of the tool ends."""
        self._cancel.set()
        if self.is_active:
            self._set(replace(self._status, message="cancelling"))

    def _run(self, design: Design, synthesize: bool) -> None:
        options, started = self._options, self._status.started
        try:
            before = self._estimated(for_tool(design, options.tool)) if synthesize else None
            project = export(
                design,
                Path(options.folder),
                flow=options.flow,
                golden_x=_golden(self._state),
                interface=options.interface or None,
                on_event=self._on_event,
                cancel=self._cancel,
            )
            self._result = BuildResult(design=design, project=project, estimate=before)
            self._log.add(f"exported {len(project.files)} files to {project.path}")
            for note in project.extra.get("notes", ()):
                self._log.add(f"note: {note}")
            self._verify(project, design)
            if synthesize:
                self._synthesize(project, design, options.tool)
            text = "finished" if synthesize else "exported and verified"
            self._end("done", text, started)
            self._state.say("done", _done_text(self._result, options, synthesize))
        except CancelledError:
            self._end("cancelled", "cancelled", started)
        except Exception as error:
            self._end("failed", "failed", started)
            with self._state.guard("the build"):
                raise error

    def _estimated(self, design: Design) -> Report:
        """Estimate what is about to be synthesized; the RTL is planned for its export anyway, so count the plan."""
        if design.target.tool is Tool.YOSYS:
            with cancellable(self._cancel, self._on_event):
                return estimate(design, level="plan")
        return self._state.estimated(design)

    def _verify(self, project: Project, design: Design) -> None:
        self._enter(1, "comparing the generated code with the emulator")
        found = project.simulate(on_event=self._on_event, cancel=self._cancel)
        differing = found.differing if found.differing is not None else 0
        self._log.add(
            f"{found.tool}: {differing:,} integers differ in {found.num_samples:,} samples ({found.wall_s:.1f} s)"
        )
        verification = Verification(
            design_key=design.key,
            flow=project.flow,
            tool=found.tool,
            differing=differing,
            num_samples=found.num_samples,
            at=time.time(),
        )
        if self._result is not None:
            self._result = replace(self._result, verification=verification)
        self._state.verified(verification)

    def _synthesize(self, project: Project, design: Design, tool: str) -> None:
        self._enter(2, f"synthesizing with {tool}")
        self._log.add(f"forecast: {outlook(design, tool).text}")
        report = project.synthesize(tool, on_event=self._on_event, cancel=self._cancel)
        self._enter(3, "reading the report")
        if self._result is not None:
            self._result = replace(self._result, report=report)
        self._state.reported(design, report)
        self._learn(design, report)

    def _learn(self, design: Design, report: Report) -> None:
        """Sharpen later estimates by the report, where there is an estimate for its tool."""
        other = for_tool(design, report.tool)
        if report.design_key != design.key or str(other.target.tool) != report.tool or self._result is None:
            return
        plain = estimate(other)
        self._state.learn(design, report)
        later = calibrated(
            replace(plain, design_key=None), self._state.calibration, design.target.part, design.graph.digest
        )
        self._result = replace(self._result, learnt=_factors(plain, later))

    def _enter(self, stage: int, message: str) -> None:
        if self._cancel.is_set():
            raise CancelledError("the build was cancelled.")
        count = len(self._status.stages)
        self._set(replace(self._status, stage=stage, message=message, fraction=stage / count))

    def _on_event(self, event: Event) -> None:
        self._log.add(event.text)
        if event.kind == "stage":
            count, inside = len(self._status.stages), event.fraction or 0.0
            self._status = replace(
                self._status, message=event.text, fraction=min(1.0, (self._status.stage + inside) / count)
            )
        self._shown.poke()

    def _end(self, condition: Condition, message: str, started: float) -> None:
        self._set(
            replace(
                self._status,
                condition=condition,
                message=message,
                elapsed_s=time.time() - started,
                fraction=1.0 if condition == "done" else self._status.fraction,
            )
        )


def for_tool(design: Design, tool: str) -> Design:
    """Return the design as a tool sees it, if there are estimates for that tool, else as it is.

    Examples:
        >>> from hlsexplore.examples import load
        >>> design = Design.default(load("shuttle").graph)
        >>> str(for_tool(design, "yosys").target.tool), str(for_tool(design, "vivado").target.tool)
        ('yosys', 'vitis_hls')
    """
    return design.with_target(tool=tool) if tool in set(Tool) else design


def _factors(before: Report, after: Report) -> dict[str, float]:
    pairs = {name: (getattr(before.total, name), getattr(after.total, name)) for name in ("lut", "ff", "dsp", "bram18")}
    return {name: new / old for name, (old, new) in pairs.items() if old and new is not None}


def option_data(options: BuildOptions) -> BuildOptionData:
    """Return options and their choices for the browser."""
    flow = find_flow(options.flow)
    return {
        "flow": options.flow,
        "interface": options.interface or next(iter(flow.interfaces)),
        "choice": flow.choice,
        "interfaces": [{"value": name, "label": label} for name, label in flow.interfaces.items()],
        "tool": options.tool,
        "folder": options.folder,
        "flows": [{"value": flow, "label": row.label} for flow, row in FLOWS.items()],
        "tools": [{"value": tool, "label": tool} for tool in tools_of(options.flow)],
    }


def _golden(state: ExplorerState) -> Any:
    """The user's own samples as golden vectors, at most 1,000 of them."""
    arrays = [values[:1000] for values in state.emulator.inputs.values()]
    return arrays[0] if len(arrays) == 1 else arrays


def _done_text(result: BuildResult | None, options: BuildOptions, synthesize: bool) -> str:
    found = result.verification if result is not None else None
    exact = (
        ""
        if found is None
        else f" {found.differing:,} integers differ from the emulator in {found.num_samples:,} samples."
    )
    tool = f" and {options.tool}'s report is there" if synthesize else ""
    return f"The project is in {str(Path(options.folder))!r}{tool}.{exact}"


def _safe(name: str) -> str:
    return "".join(char if char.isalnum() or char in "-_" else "-" for char in name)[:60] or "design"
