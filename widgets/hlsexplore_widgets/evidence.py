"""What is known of designs beside their estimates: the study's trials, tools' reports, plans, comparisons."""

import threading
import weakref
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path

from hlsexplore.design import Design
from hlsexplore.estimate import Calibration, ToolEstimate, calibrate, compare_tools, estimate
from hlsexplore.estimate.coefficients import Coefficients, own_coefficients
from hlsexplore.estimate.estimator import Level
from hlsexplore.report import Report
from hlsexplore.study.study import Study
from hlsexplore.support.work_folder import work_folder
from hlsexplore_widgets.catalog import Catalog
from hlsexplore_widgets.known import Knowledge, at_level, learnt_reports, ranked
from hlsexplore_widgets.live import Verification


class Evidence:
    """The study with its trials, the user's own reports and what the page found out itself.

    It is mutable, for it grows as sweeps, builds and plans end. All methods may be called from any thread.
    """

    def __init__(self) -> None:
        """Know nothing."""
        self._catalog: Catalog | None = None
        self._calibration = Calibration()
        self._coefficients: Coefficients | None = None
        self._level: Level = "hls"
        self._lock = threading.RLock()
        self._knowledge = Knowledge()
        self._verified: dict[str, dict[str, Verification]] = {}
        self._temporary = ExitStack()
        weakref.finalize(self, self._temporary.close)

    @property
    def catalog(self) -> Catalog | None:
        """The study's trials as columns, or None without a study."""
        return self._catalog

    @property
    def calibration(self) -> Calibration:
        """The user's own reports, which sharpen estimates."""
        return self._calibration

    @property
    def level(self) -> Level:
        """What estimates predict: the HLS tool's own report, or Vivado's after logic synthesis."""
        return self._level

    def read_own(self) -> None:
        """Read the user's own reports and coefficients.

        Raises:
            ConfigError: If a file of them cannot be read.
        """
        self._calibration = Calibration.load()
        self._coefficients = own_coefficients()

    def show_level(self, level: Level) -> None:
        """Estimate for another level from now on."""
        self._level = level

    def take_study(self, study: Study) -> None:
        """Show the trials of a study from now on."""
        with self._lock:
            self._catalog = Catalog(study, self._calibration, self._level)
            for key, known in self._knowledge:
                self._catalog.know(key, known)

    def open_temporary(self, make: Callable[[Path], Study]) -> Study:
        """Take a study in a temporary file that goes at `close`, and return it.

        Args:
            make: Opens a study in a file.
        """
        study = make(self._temporary.enter_context(work_folder()) / "study.db")
        self._temporary.callback(study.close)
        self.take_study(study)
        return study

    def estimated(self, design: Design) -> Report:
        """Estimate a design, by the user's own coefficients where there are some, sharpened by the user's reports."""
        return estimate(design, level=self.level, calibration=self.calibration, coefficients=self._coefficients)

    def compared(self, design: Design) -> tuple[ToolEstimate, ...]:
        """Estimate a design as each tool would report it, by the same coefficients and reports."""
        return compare_tools(design, calibration=self.calibration, coefficients=self._coefficients)

    def learn(self, design: Design, report: Report) -> Calibration:
        """Let a tool's report sharpen the estimates of this and later explorers, and return what is known then.

        Raises:
            ConfigError: If the calibration cannot be read or written.
        """
        learnt = calibrate([(design, report)], start=Calibration.load())
        learnt.save()
        self._calibration = learnt
        return learnt

    def add_report(self, design: Design, report: Report) -> None:
        """Keep a tool's report, in the study too if there is one."""
        if self.catalog is not None:
            self.catalog.study.add_report(report, design.key)
        self._knowledge.add_report(design.key, report)

    def add_plan(self, design: Design, plan: Report) -> None:
        """Keep figures that were counted from the plan of a design's RTL."""
        self._knowledge.add_plan(design.key, plan)

    def tell_study(self, design: Design) -> bool:
        """Show what is known of a design among the study's trials; says whether it is one of them."""
        return self.catalog is not None and self.catalog.know(design.key, self._knowledge.of(design.key))

    def reports(self, design: Design) -> tuple[Report, ...]:
        """Return what tools reported about a design, the report that counts first."""
        if self.catalog is not None:
            return self.catalog.reports(design.key, design.target)
        learnt = learnt_reports(self.calibration).get(design.key, ())
        return at_level(ranked((*self._knowledge.of(design.key).reports, *learnt), design.target), self.level)

    def add_verification(self, verification: Verification) -> None:
        """Keep a comparison of a design's generated code with the emulator, the newest of each flow."""
        with self._lock:
            self._verified.setdefault(verification.design_key, {})[verification.flow] = verification

    def verifications(self, design: Design) -> Mapping[str, Verification]:
        """Return the comparisons of a design's generated code with the emulator, by flow."""
        with self._lock:
            return dict(self._verified.get(design.key, {}))

    def close(self) -> None:
        """Drop a temporary study."""
        self._temporary.close()
