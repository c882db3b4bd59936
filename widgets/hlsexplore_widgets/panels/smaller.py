"""A smaller network: pruning by what a LUT is worth, neurons that nothing needs, and training back what that costs."""

from collections.abc import Mapping
from typing import Any

import ipywidgets

from hlsexplore.compress.merge import Saving, find_savings, simplify
from hlsexplore.compress.prune import kept_share, prune_by_saliency
from hlsexplore.design import Design
from hlsexplore.errors import ConfigError
from hlsexplore_widgets.channel import Topic
from hlsexplore_widgets.components import PlotView, SmallerView
from hlsexplore_widgets.figures import figure_json
from hlsexplore_widgets.figures.training import training_figure, training_info
from hlsexplore_widgets.profile import sample_inputs
from hlsexplore_widgets.protocol_jobs import OfferData, TuneStatusData
from hlsexplore_widgets.state import ExplorerState
from hlsexplore_widgets.tune_job import TuneJob, option_data, option_of
from hlsexplore_widgets.worker import IsSuperseded, LatestWins

DEBOUNCE_S = 0.5
"""Offers are looked for once a design stays so long."""
SAMPLES = 1000
"""Samples on which outputs are counted that an offer changes."""


class SmallerPanel:
    """Makes the network smaller, and trains it.

    Attributes:
        job: The training.
        view: The widget.
    """

    def __init__(self, state: ExplorerState, train: tuple[Any, Any] | None = None) -> None:
        """Show the current design.

        Args:
            state: The state.
            train: Training samples and labels.

        Raises:
            DataError: If the training samples do not fit the network.
        """
        self._state = state
        self.job = TuneJob(state, train)
        self._density = 50.0
        self._savings: tuple[Design, tuple[Saving, ...]] | None = None
        self._looking: LatestWins[Design] = LatestWins(self._look, "hlsexplore-savings")
        self._pruning: LatestWins[float] = LatestWins(self._prune, "hlsexplore-saliency")
        self.controls = SmallerView(state, self._receive, offers={"rows": [], "text": ""})
        self.plot = PlotView(state, self._receive, height=280, label="Fine-tuning, epoch by epoch")
        self.plot.layout.display = "none"
        self.view = ipywidgets.VBox([self.controls, self.plot])
        for name in ("hx", "hx-card", "hx-stack"):
            self.view.add_class(name)
        state.subscribe(self._show, "tune", "live")
        self._show("tune")
        self._show("live")

    def wait(self, timeout_s: float = 10.0) -> bool:
        """Wait until the offers are those of the current design, and no weights are being dropped."""
        return self._pruning.wait(timeout_s) and self._looking.wait(timeout_s)

    def figure(self) -> Any:
        """Return the curve of the training."""
        return training_figure(training_info(self.job.curve))

    def close(self) -> None:
        """End the training and the threads."""
        self.job.cancel()
        self._looking.close()
        self._pruning.close()
        self.job.wait()

    def _show(self, topic: Topic) -> None:
        if topic == "live":
            if self._state.live.is_complete and self._state.live.design == self._state.design:
                self._looking.submit(self._state.design)
            return
        job, status = self.job, self.job.status
        data: TuneStatusData = {
            "state": status.condition,
            "message": status.message,
            "fraction": status.fraction,
            "path": job.path,
            "has_data": job.train is not None,
            "warning": job.warning,
        }
        self.controls.show(status=data, options=option_data(job.options, self._density))
        if job.curve.epochs:
            self.plot.show(figure=figure_json(self.figure()))
            self.plot.layout.display = ""

    def _look(self, design: Design, is_superseded: IsSuperseded) -> None:
        """Find neurons that can go; runs in a thread of its own."""
        state = self._state
        if not state.stays(DEBOUNCE_S) or is_superseded():
            return
        with state.guard("looking for neurons that can go"):
            found = find_savings(design, sample_inputs(design.graph, state.x, SAMPLES))
            kept = kept_share(design)
            text = f"{kept:.0%} of the weights are not 0. " + ("" if found else "No neuron can go: all are needed.")
            with state.lock:
                self._savings = design, found
                rows: list[OfferData] = [{"text": str(item), "exact": item.is_exact} for item in found]
                self.controls.offers = {"rows": rows, "text": text}

    def _prune(self, share: float, is_superseded: IsSuperseded) -> None:
        """Drop the weights that are worth least; runs in a thread of its own."""
        state = self._state
        with state.guard("dropping weights"):
            state.say("note", "Dropping the weights that cost the least accuracy for each LUT…")
            note = state.messages[-1].number
            try:
                design = state.design
                purpose = state.purpose
                x = state.evaluator_of(design.graph).data.x
                found = prune_by_saliency(design, x, purpose["labels"], density=share, task=purpose["task"])
                if not is_superseded() and state.design == design:
                    state.load(found)
            finally:
                state.dismiss(note)

    def _take(self, number: Any, seq: float) -> None:
        """Load the network without some neurons; all that are exact where no number is given."""
        state = self._state
        if self._savings is None or self._savings[0] != state.design:
            raise ConfigError("these offers are of another design. Wait for those of this one.")
        design, found = self._savings
        state.load(simplify(design)[0] if number is None else found[int(number)].design, seq=seq)

    def _receive(self, message: Mapping[str, Any]) -> None:
        job, seq = self.job, float(message.get("seq", 0.0))
        match message.get("ev"):
            case "tune":
                job.start()
            case "front":
                job.start(of_front=True)
            case "stop":
                job.stop()
            case "cancel":
                job.cancel()
            case "take":
                self._take(message.get("number"), seq)
            case "prune":
                self._pruning.submit(self._density / 100)
            case "option" if message.get("key") == "path":
                job.open(str(message.get("value")))
            case "option" if message.get("key") == "density":
                self._density = _percent(message.get("value"))
                self._show("tune")
            case "option":
                job.choose(**option_of(str(message.get("key")), message.get("value")))
            case "click":
                self._state.touch(seq)


def _percent(value: Any) -> float:
    """Read a share of weights.

    Raises:
        ConfigError: If it is no number above 0 and up to 100.
    """
    try:
        share = float(str(value).replace(",", "."))
    except ValueError:
        share = 0.0
    if not 0 < share <= 100:
        raise ConfigError(f"the share of weights that stays must be above 0 and up to 100 %, not {value!r}.")
    return share
