"""A study: every design of one network that was evaluated on one set of samples, in a file that survives crashes."""

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from time import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hlsexplore.data import data_digest
from hlsexplore.design import Design, design_from_dict
from hlsexplore.errors import ConfigError, StudyError, quoted, unknown_name
from hlsexplore.fixed import RealArray
from hlsexplore.graph import Graph, check_graph
from hlsexplore.merit import COSTS, DIRECTIONS, Chosen
from hlsexplore.report import Report
from hlsexplore.search import make_sampler
from hlsexplore.search.bound_space import BoundSpace
from hlsexplore.space import Space
from hlsexplore.study.networks import check_sibling, pack, unpack
from hlsexplore.study.racing import can_race, pays_off
from hlsexplore.study.selection import front, hypervolume_history, matching, spelled, split_objectives
from hlsexplore.study.store import Store
from hlsexplore.study.sweep import EstimatedCosts, Sweep, SweepEvent, SweepResult, run_sweep
from hlsexplore.study.trial import Evaluator, Status, Trial, evaluate
from hlsexplore.support.progress import ignore
from hlsexplore.support.recent import Recent
from hlsexplore.support.values import whole

KEPT_NETWORKS, MOST_NETWORKS = 2, 64
"""Networks beside the first one whose samples are kept ready, and that are kept in memory."""


class Study:
    """Trials of one network on one set of samples, kept in an SQLite file. Safe to use from several threads.

    Designs of other networks with the same inputs and outputs stand beside them, such as trained or smaller ones; the
    file keeps these networks, and all figures are against the float outputs of the first one.

    Attributes:
        graph: The network.
        evaluator: Finds the figures of designs.
        store: The open file.
        objectives: Figures that `front` and `sweep` look at by default.
    """

    def __init__(
        self,
        path: str | Path,
        graph: Graph,
        x: Any,
        labels: Any = None,
        *,
        metrics: Sequence[Chosen] | None = None,
        task: Any = None,
    ) -> None:
        """Open a study, or make a new one.

        Args:
            path: The study's file, such as `jets.db`.
            graph: The network.
            x: Samples, shape `(samples, *input_shape)`, or one array for each input.
            labels: Class numbers, one-hot rows or wanted values. For several outputs a tuple in their order, with None
                for those that have none, or a mapping by name; an array belongs to the first one.
            metrics: Figures that count, the one that matters most first: names, or your own as a function of (outputs,
                labels) of which more is better, as (function, "min"), or as a `Metric`. When None, those that fit the
                tasks: accuracy for classes, RMSE for values, and without labels how close the float network is.
            task: What the outputs are for: `multiclass`, `binary`, `multilabel`, `regression`, or `classification`;
                for several outputs also a tuple or mapping. Found from last layers and labels when None.

        Raises:
            DataError: If samples or labels do not fit the graph.
            ConfigError: If a metric or task is unknown or does not fit.
            StudyError: If the file cannot be used, or holds trials of another network, task or other samples.
        """
        check_graph(graph)
        self.graph = graph
        self.evaluator = Evaluator.make(graph, x, labels, metrics, task)
        judged = tuple(measure.name for measure in self.evaluator.measures if measure.is_headline)
        self.objectives = (*judged, "lut", "latency_cycles")
        self._evaluators: Recent[str, Evaluator] = Recent(KEPT_NETWORKS)
        self._networks: Recent[str, Graph] = Recent(MOST_NETWORKS)
        self.store = Store(path)
        try:
            self._identify()
        except BaseException:
            self.store.close()
            raise

    @property
    def directions(self) -> dict[str, str]:
        """Return `max` or `min` for every figure of the study, its own ones among them."""
        return {**self.store.directions, **self.evaluator.directions}

    @property
    def path(self) -> Path:
        """The study's file."""
        return self.store.path

    def __len__(self) -> int:
        """Count the trials."""
        return len(self.store)

    def __enter__(self) -> "Study":
        """Return the study; leaving closes its file."""
        return self

    def __exit__(self, *error: object) -> None:
        """Close the file."""
        self.close()

    def __repr__(self) -> str:
        """Summarise the study in one line."""
        return f"<Study {str(self.path)!r} of {self.graph.name!r}>"

    def close(self) -> None:
        """Close the file."""
        self.store.close()

    def add(self, trial: Trial) -> Trial:
        """Store a trial, with its report where it has one; a design that is known keeps its trial.

        Returns:
            The trial as it is stored, with its number.

        Raises:
            StudyError: If the file cannot be written.
        """
        self.store.add([trial])
        stored = self.store.by_key(trial.design_key)
        if stored is None:
            raise StudyError(f"the trial of design {trial.design_key[:12]} could not be stored in {self.path.name}.")
        return stored

    def evaluate(self, design: Design) -> Trial:
        """Evaluate a design and store its trial; one that is known is not, unless it lacks a figure of this study.

        Raises:
            HlsExploreError: If the design cannot be emulated or estimated, or the file cannot be written.
        """
        known = self.store.by_key(design.key)
        evaluator = self.evaluator_of(design.graph)
        if known is None:
            return self.add(evaluate(design, evaluator))
        is_partial = known.status is Status.PARTIAL
        is_lacking = any(known.metrics.get(name) is None for name in self.evaluator.directions)
        if is_partial or (known.status is Status.OK and is_lacking):
            self.store.complete(evaluate(design, evaluator))
            return self.store.by_key(design.key) or known
        return known

    def evaluator_of(self, graph: Graph) -> Evaluator:
        """Return what finds the figures of designs of a network, and keep a network that is new to the study.

        Raises:
            ConfigError: If it has other inputs or outputs than the study's network.
            StudyError: If the file cannot be written.
        """
        if graph.digest == self.graph.digest:
            return self.evaluator
        if self._evaluators.get(graph.digest) is None:
            check_sibling(graph, self.graph)
            self.store.add_network(graph.digest, pack(graph))
        return self._evaluators.find(graph.digest, lambda: self.evaluator.of(graph))

    def network(self, digest: str) -> Graph:
        """Return a network of the study.

        Raises:
            StudyError: If it has no such network.
        """
        if digest == self.graph.digest:
            return self.graph

        def read() -> Graph:
            data = self.store.network(digest)
            if data is None:
                raise StudyError(f"{self.path.name} has no network {digest[:12]}.")
            return unpack(data, digest)

        return self._networks.find(digest, read)

    def sweep(
        self,
        space: Space | Mapping[str, Any] | BoundSpace,
        trials: int | None = None,
        on_event: Callable[[SweepEvent], None] = ignore,
        cancel: threading.Event | None = None,
        pause: threading.Event | None = None,
        *,
        base: Design | None = None,
        sampler: str = "auto",
        objectives: Sequence[str] | None = None,
        seed: int = 0,
        workers: int | str | None = None,
        race: bool | None = None,
    ) -> SweepResult:
        """Evaluate designs of a space. Run it again after an interruption and it goes on where it stopped.

        Args:
            space: What may be chosen.
            trials: Designs wanted, those included that an earlier run of the same sweep already has; all when None.
            on_event: Told after each design.
            cancel: Stops the sweep when set; what was evaluated is kept.
            pause: Holds the sweep while set.
            base: Design that the space varies; the default design for these samples when None.
            sampler: `grid`, `random`, one that learns (docs/search.md), or `auto`.
            objectives: Figures that a learning sampler improves; those of the study when None.
            seed: The same one proposes the same designs.
            workers: Number of threads, or the address of a Dask scheduler such as `tcp://host:8786`.
            race: Whether surely worse designs get a part of the samples; None: where it pays (docs/search.md).

        Raises:
            ConfigError: If the space, sampler or an objective is not valid.
            CancelledError: If it was cancelled.
            StudyError: If the file cannot be written, or the first designs all fail.
            ToolError: If the workers cannot be reached.
        """
        bound = self.bind(space, base)
        trials = None if trials is None else whole(trials, "the number of trials", 0)
        names, directions = self._own_objectives(objectives or self.objectives)
        costs = EstimatedCosts(bound, names, directions)
        name, made = make_sampler(sampler, bound, whole(seed, "the seed", 0), trials, costs)
        return run_sweep(
            Sweep(
                store=self.store,
                evaluator=self.evaluator_of(bound.base.graph),
                space=bound,
                sampler=made,
                name=name,
                names=names,
                directions=directions,
                total=bound.size if trials is None else min(trials, bound.size),
                on_event=on_event,
                cancel=cancel,
                pause=pause,
                workers=workers,
                rebuild=self._rebuilt,
                costs=costs,
                is_race=self._is_raced(race, names),
            )
        )

    def _own_objectives(self, objectives: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return names and directions of objectives that this study finds for every design."""
        names, directions = split_objectives(spelled(self.store, objectives), self.directions)
        figures = (*self.evaluator.directions, *COSTS)
        for name in names:
            if name not in figures:
                raise ConfigError(unknown_name("figure", name, figures, "This study"))
        _ = self.evaluator.merits  # what does not fit is said before anything is evaluated
        return names, directions

    def _is_raced(self, race: bool | None, names: Sequence[str]) -> bool:
        return can_race(self.evaluator, names) and (pays_off(self.evaluator) if race is None else race)

    def _rebuilt(self, design_key: str) -> Design | None:
        """Return the design of a trial, or None where it cannot be rebuilt."""
        try:
            trial = self.store.by_key(design_key)
            return None if trial is None else self.design(trial)
        except (ConfigError, StudyError):
            return None

    def bind(self, space: Space | Mapping[str, Any] | BoundSpace, base: Design | None = None) -> BoundSpace:
        """Bind a space to a design, with the value ranges of this study's samples.

        Raises:
            ConfigError: If the space does not fit the network.
        """
        if isinstance(space, BoundSpace):
            return space
        spec = space if isinstance(space, Space) else Space.from_dict(space)
        base = base or Design.default(self.graph, data=self.evaluator.data.x)
        return BoundSpace.bind(spec, base, self.evaluator_of(base.graph).ranges)

    def front(self, objectives: Sequence[str] | None = None, where: Sequence[str] = ()) -> list[Trial]:
        """Return the trials that no other trial beats, the best of the last objective first.

        Args:
            objectives: Figures such as `accuracy`, `lut`, `latency_cycles`, or metrics of your own that the study was
                given; others as `name:max` or `name:min`. Those of the study when None.
            where: Conditions such as `lut<=50000`.

        Raises:
            ConfigError: If an objective or condition cannot be read.
        """
        return front(self.store, objectives or self.objectives, where)

    def trials(self, where: Sequence[str] | None = None) -> list[Trial]:
        """Return all trials, or the successful ones that meet conditions, in the order of their numbers."""
        return self.store.trials(None if where is None else matching(self.store, where).tolist())

    def columns(self, names: Sequence[str]) -> dict[str, NDArray[Any]]:
        """Return figures of all trials as arrays: `number`, `is_ok` and the named ones, NaN where unknown."""
        return self.store.columns(names)

    def hypervolume_history(
        self, objectives: Sequence[str] | None = None, reference: Sequence[float] | None = None
    ) -> tuple[NDArray[np.int64], RealArray]:
        """Return trial numbers and the volume that the front dominates from then on (see `selection`)."""
        return hypervolume_history(self.store, objectives or self.objectives, reference)

    def design(self, trial: Trial | int) -> Design:
        """Rebuild the design of a trial.

        Args:
            trial: The trial or its number.

        Raises:
            StudyError: If there is no such trial, or it does not rebuild the same design.
        """
        if not isinstance(trial, Trial):
            found = self.store.trials([whole(trial, "the number of a trial", 1)])
            if not found:
                raise StudyError(f"there is no trial {trial} in {self.path.name}.")
            trial = found[0]
        plain = dict(trial.config)
        design = design_from_dict(plain, self.network(str(plain.pop("network", self.graph.digest))))
        if design.key != trial.design_key:
            raise StudyError(f"trial {trial.number} of {self.path.name} was made by another version of hlsexplore.")
        return design

    def reports(self, design: Design | str) -> tuple[Report, ...]:
        """Return the stored reports of a design: estimates kept by `evaluate`, and those of tools."""
        return self.store.reports(design if isinstance(design, str) else design.key)

    def add_report(self, report: Report, design_key: str | None = None) -> None:
        """Store a tool's report of a design beside its estimate."""
        self.store.add_report(report, design_key)

    def set_note(self, number: int, note: str) -> None:
        """Write a remark on a trial.

        Raises:
            StudyError: If there is no such trial.
        """
        self.store.set_note(number, note)

    def delete(self, trials: Sequence[Trial | int]) -> int:
        """Delete trials, given themselves or by their numbers; what tools reported about their designs stays.

        Returns:
            How many were deleted.

        Raises:
            StudyError: If the file cannot be written.
        """
        numbers = [trial.number if isinstance(trial, Trial) else trial for trial in trials]
        return self.store.delete([number for number in numbers if number is not None])

    def to_frame(self) -> Any:
        """Return all trials as a pandas DataFrame: figures, then every type and knob as `layer.key`.

        Raises:
            ConfigError: If pandas is not installed.
        """
        from hlsexplore.study.frame import to_frame

        return to_frame(self.trials())

    def _identify(self) -> None:
        """Check that the file belongs to this network and these samples; write them into a new one."""
        from hlsexplore import __version__

        given = {
            "graph_digest": self.graph.digest,
            "graph_name": self.graph.name,
            "data_digest": data_digest(self.evaluator.data),
            "num_samples": str(self.evaluator.data.num_samples),
            "tasks": json.dumps({goal.output: str(goal.task) for goal in self.evaluator.goals}),
        }
        spellings = json.dumps(self.evaluator.spellings)
        own = {name: way for name, way in self.evaluator.directions.items() if name not in DIRECTIONS}
        known = self.store.meta
        if not known:
            more = {"created_s": repr(time()), "version": __version__, "objectives": json.dumps(self.objectives)}
            self.store.set_meta(given | more | {"directions": json.dumps(own), "spellings": spellings})
            return
        if known.get("graph_digest") != given["graph_digest"]:
            raise StudyError(
                f"the study {str(self.path)!r} belongs to another network ({quoted(known.get('graph_name', '?'))}, "
                f"digest {known.get('graph_digest', '?')[:12]}), not to {self.graph.name!r} "
                f"(digest {self.graph.digest[:12]}). Choose another file."
            )
        if known.get("data_digest") != given["data_digest"]:
            raise StudyError(
                f"the study {str(self.path)!r} belongs to other data ({known.get('num_samples', '?')[:12]} samples, "
                f"digest {known.get('data_digest', '?')[:12]}), not to these {given['num_samples']} samples "
                f"(digest {given['data_digest'][:12]}). Choose another file."
            )
        if known.get("tasks", given["tasks"]) != given["tasks"]:
            raise StudyError(
                f"the study {str(self.path)!r} belongs to the task {_short(known['tasks'])}, not to "
                f"{_short(given['tasks'])}. Say that task, or choose another file."
            )
        before = self.store.directions
        for name, way in own.items():
            if before.get(name, way) != way:
                raise StudyError(
                    f"in the study {str(self.path)!r} more of {name!r} is {_BETTER[before[name]]}, and now "
                    f"{_BETTER[way]}. Give the metric another name, or choose another file."
                )
        if not set(own) <= set(before) or not set(self.evaluator.spellings) <= set(self.store.spellings):
            others = json.dumps({**self.store.spellings, **self.evaluator.spellings})
            self.store.set_meta({"directions": json.dumps({**_own(before), **own}), "spellings": others})


_BETTER = {"max": "better", "min": "worse"}


def _own(directions: Mapping[str, str]) -> dict[str, str]:
    return {name: way for name, way in directions.items() if name not in DIRECTIONS}


def _short(tasks: str) -> str:
    """Print the tasks of a study's outputs."""
    found = json.loads(tasks)
    return repr(next(iter(found.values()))) if len(found) == 1 else repr(found)
