"""Export, verification and synthesis."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hlsexplore.report import Report
from hlsexplore_widgets.build_job import BuildJob, BuildResult, option_data
from hlsexplore_widgets.cards import save_card, save_notebook
from hlsexplore_widgets.components import BuildView
from hlsexplore_widgets.state import ExplorerState, Topic

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


class BuildPanel:
    """One button from the design on the screen to a verified project and a tool's report.

    Attributes:
        job: The job behind it.
        view: The widget.
    """

    def __init__(self, state: ExplorerState) -> None:
        """Show the job."""
        self._state = state
        self.job = BuildJob(state)
        self.view = BuildView(state, self._receive)
        state.subscribe(self._show, "build")
        self._show("build")

    def _show(self, topic: Topic) -> None:
        job = self.job
        status = job.status
        lines = job.take_log()
        if status.condition == "running" and status.message == "exporting":
            self.view.send({"kind": "clear"})
        if lines:
            self.view.send({"kind": "log", "text": "".join(f"{line}\n" for line in lines)})
        values: dict[str, Any] = {
            "options": option_data(job.options),
            "status": {
                "state": status.condition,
                "stage": status.stage,
                "stages": list(status.stages),
                "message": status.message,
                "fraction": status.fraction,
                "started": status.started,
                "elapsed": status.elapsed_s,
            },
            "result": result_data(job.result) if status.condition != "running" else {},
            "log": job.log,
        }
        self.view.show(**values)

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
                if key in ("flow", "tool", "folder"):
                    self.job.choose(**{key: str(message.get("value"))})
            case "card":
                path = save_card(self._state, self.job.result, Path(self.job.options.folder))
                self._state.say("done", f"The design card is in {str(path)!r}.")
            case "notebook":
                path = save_notebook(self._state, Path(self.job.options.folder))
                self._state.say("done", f"The notebook is in {str(path)!r}.")


def result_data(result: BuildResult | None) -> dict[str, Any]:
    """Put estimate and report side by side, for the browser."""
    if result is None or result.report is None:
        return {}
    report = result.report
    tool = f"{report.tool} {report.tool_version or ''}".strip()
    return {
        "caption": f"Estimate beside the report of {tool}",
        "columns": ["", "estimate", "report", "difference"],
        "rows": [_row(key, label, result.estimate, report) for key, label in FIGURES if _is_known(key, result)],
        "notes": list(report.missing),
    }


def _is_known(key: str, result: BuildResult) -> bool:
    reports = [item for item in (result.estimate, result.report) if item is not None]
    return any(getattr(item.total, key) is not None for item in reports)


def _row(key: str, label: str, estimate: Report | None, report: Report) -> list[str]:
    before = getattr(estimate.total, key) if estimate is not None else None
    after = getattr(report.total, key)
    texts = [
        "unknown" if value is None else f"{value:,.4g}" if key == "clock_ns" else f"{value:,.0f}"
        for value in (before, after)
    ]
    difference = "" if before is None or not after else f"{100 * (before - after) / after:+.0f} %"
    return [label, *texts, difference]
