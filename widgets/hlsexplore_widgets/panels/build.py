"""Export, verification and synthesis."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hlsexplore.report import Report
from hlsexplore_widgets.build_job import BuildJob, BuildResult, option_data
from hlsexplore_widgets.cards import save_card, save_notebook
from hlsexplore_widgets.channel import Topic
from hlsexplore_widgets.components import BuildView
from hlsexplore_widgets.outlook import outlook
from hlsexplore_widgets.protocol_jobs import BuildStatusData, BuildTable, OutlookData
from hlsexplore_widgets.state import ExplorerState
from hlsexplore_widgets.table import Table
from hlsexplore_widgets.worker import IsSuperseded, LatestWins

FIGURES = (
    ("lut", "LUT"),
    ("ff", "FF"),
    ("dsp", "DSP"),
    ("bram18", "BRAM 18k"),
    ("uram", "URAM"),
    ("latency_cycles_max", "Latency, cycles"),
    ("ii_cycles", "Interval, cycles"),
    ("clock_ns", "Clock, ns"),
)
DEBOUNCE_S = 0.5
"""The outlook waits this long for the next change of the design."""


class BuildPanel:
    """One button from the design on the screen to a verified project and a tool's report.

    Attributes:
        job: The job behind it.
        view: The widget.
    """

    def __init__(self, state: ExplorerState, model: tuple[Path, ...] = ()) -> None:
        """Show the job.

        Args:
            state: The state.
            model: Files that the model came from, for the notebook that reproduces a design; none if that is not known.
        """
        self._state = state
        self._model = model
        self.job = BuildJob(state)
        self.view = BuildView(state, self._receive)
        self.view.table = self.as_table
        self._outlook: LatestWins[None] = LatestWins(self._look_ahead, "hlsexplore-outlook")
        state.subscribe(self._show, "build", "live")
        self._show("build")
        self._outlook.submit(None)

    def wait(self, timeout_s: float = 10.0) -> bool:
        """Wait until the outlook is that of the current design."""
        return self._outlook.wait(timeout_s)

    def as_table(self) -> Table:
        """Return the estimate beside the report as a table; empty before a report is there."""
        data = result_data(self.job.result)
        if data is None:
            return Table(columns=(), rows=())
        return Table(columns=tuple(data["columns"]), rows=tuple(map(tuple, data["rows"])))

    def _look_ahead(self, _: None, is_superseded: IsSuperseded) -> None:
        """Say what a synthesis would take; runs in a thread of its own."""
        if not self._state.stays(DEBOUNCE_S) or is_superseded():
            return  # the next design asks again
        with self._state.guard("the forecast"):
            tool, page = self.job.options.tool, str(self._state.design.target.tool)
            found = outlook(self._state.design, tool)
            other = "" if tool == page else f". Tiles and trials speak of {page}; Target… changes that"
            data: OutlookData = {"text": f"{found.text}{other}", "warnings": list(found.warnings)}
            with self._state.lock:
                self.view.outlook = data

    def _show(self, topic: Topic) -> None:
        job = self.job
        if topic == "live":
            if self._state.live.is_complete:
                self._outlook.submit(None)
            return
        status = job.status
        lines = job.take_log()
        if status.condition == "running" and status.message == "exporting":
            self.view.tell({"kind": "clear"})
        if lines:
            self.view.tell({"kind": "log", "text": "".join(f"{line}\n" for line in lines)})
        now: BuildStatusData = {
            "state": status.condition,
            "stage": status.stage,
            "stages": list(status.stages),
            "message": status.message,
            "fraction": status.fraction,
            "started": status.started,
            "elapsed": status.elapsed_s,
        }
        result = None if status.condition == "running" else result_data(job.result)
        self.view.show(options=option_data(job.options), status=now, result=result or {}, log=job.log)

    def _receive(self, message: Mapping[str, Any]) -> None:
        match message.get("ev"):
            case "start":
                self.job.start()
            case "verify":
                self.job.start(synthesize=False)
            case "cancel":
                self.job.cancel()
            case "option":
                key = str(message.get("key"))
                if key in ("flow", "interface", "tool", "folder"):
                    self.job.choose(**{key: str(message.get("value"))})
                    self._outlook.submit(None)
            case "card":
                path = save_card(self._state, self.job.result, Path(self.job.options.folder))
                self._state.say("done", f"The design card is in {str(path)!r}.")
            case "notebook":
                path = save_notebook(self._state, self.job.options, self._model)
                self._state.say("done", f"The notebook is in {str(path)!r}.")


def result_data(result: BuildResult | None) -> BuildTable | None:
    """Put estimate and report side by side, for the browser; None before a report is there."""
    if result is None or result.report is None:
        return None
    report = result.report
    tool = f"{report.tool} {report.tool_version or ''}".strip()
    return {
        "caption": f"Estimate beside the report of {tool}",
        "columns": ["", "estimate", "80 % interval", "report", "difference"],
        "rows": [_row(key, label, result.estimate, report) for key, label in FIGURES if _is_known(key, result)],
        "notes": [*_learnt(result), *report.missing, *report.notes],
    }


def _learnt(result: BuildResult) -> list[str]:
    """Say what the report changes for the estimates to come."""
    if not result.learnt or result.report is None:
        return []
    labels = dict(FIGURES)
    factors = ", ".join(f"{labels[name]} ×{factor:.2f}" for name, factor in result.learnt.items())
    return [f"The report sharpens later estimates of this network for {result.report.tool}: {factors}."]


def _is_known(key: str, result: BuildResult) -> bool:
    reports = [item for item in (result.estimate, result.report) if item is not None]
    values = [getattr(item.total, key) for item in reports]
    return any(values) or (key != "uram" and any(value is not None for value in values))


def _row(key: str, label: str, estimate: Report | None, report: Report) -> list[str]:
    before = getattr(estimate.total, key) if estimate is not None else None
    after = getattr(report.total, key)
    difference = "" if before is None or not after else f"{100 * (before - after) / after:+.0f} %"
    return [label, _text(key, before), _interval(key, estimate), _text(key, after), difference]


def _interval(key: str, estimate: Report | None) -> str:
    narrow = min(estimate.bounds, key=lambda item: item.level, default=None) if estimate is not None else None
    if narrow is None:
        return ""
    low, high = getattr(narrow.lower, key), getattr(narrow.upper, key)
    return "" if low is None or high is None else f"{_text(key, low)} – {_text(key, high)}"


def _text(key: str, value: float | None) -> str:
    if value is None:
        return "unknown"
    return f"{value:,.4g}" if key == "clock_ns" else f"{value:,.0f}"
