"""A study's SQLite file: trials, reports and notes that survive a crash (docs/search.md, section The file)."""

import json
import sqlite3
import weakref
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hlsexplore.errors import ConfigError, StudyError, quoted
from hlsexplore.merit import DIRECTIONS
from hlsexplore.report import Report
from hlsexplore.study.store_file import check_values, connect, damaged, sentence
from hlsexplore.study.trial import Status, Trial
from hlsexplore.support.values import whole

FORMAT = 2
APPLICATION_ID = 0x686C7378
"""`hlsx` in ASCII: marks an SQLite file as a study."""
_CHECKED_BYTES = 32 << 20
_QUALITY = ("accuracy", "agreement", "auc", "rmse")
_RESOURCES = ("lut", "ff", "dsp", "bram18", "uram", "latency_cycles", "latency_ns", "ii_cycles")
_FIGURES = (*_QUALITY, *_RESOURCES)
"""Figures that have a column of their own in the file; the others stand together in `extra`."""
_SCHEMA = f"""
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE parts (id INTEGER PRIMARY KEY, name TEXT NOT NULL, config TEXT NOT NULL, UNIQUE (name, config));
CREATE TABLE trials (
    number INTEGER PRIMARY KEY, design_key TEXT NOT NULL UNIQUE, parts TEXT NOT NULL, status TEXT NOT NULL,
    {", ".join(f"{name} REAL" for name in _FIGURES)}, extra TEXT NOT NULL, error TEXT NOT NULL, origin TEXT NOT NULL,
    wall_s REAL, created_s REAL, note TEXT NOT NULL, samples INTEGER);
CREATE TABLE reports (
    design_key TEXT NOT NULL, source TEXT NOT NULL, tool TEXT NOT NULL, report TEXT NOT NULL,
    PRIMARY KEY (design_key, source, tool)) WITHOUT ROWID;
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {FORMAT};
"""


_NETWORKS = "CREATE TABLE IF NOT EXISTS networks (digest TEXT PRIMARY KEY, data BLOB NOT NULL) WITHOUT ROWID"
"""Made with the first network beside the study's own: files without one are as they were before."""
_NETWORK = ""
"""Part of a trial that names its network; no layer has this name."""


class Store:
    """An open study file. It holds a connection and a lock, so that several threads can share it.

    Attributes:
        path: The file.
    """

    def __init__(self, path: str | Path, *, must_exist: bool = False) -> None:
        """Open or create a study file.

        Args:
            path: The file; it is created when missing.
            must_exist: Whether a missing file is an error.

        Raises:
            StudyError: If the file is missing, no study, damaged, locked, or of a newer format; it stays as it is.
        """
        self.path = Path(path)
        self._lock = RLock()
        self._samples = "samples"
        if must_exist and not self.path.exists():
            raise StudyError(
                f"there is no study {str(path)!r}. Make one with 'hlsexplore sweep ... --study {self.path.name}'."
            )
        if self.path.is_dir():
            raise StudyError(f"{str(path)!r} is a folder, no study file.")
        if not self.path.parent.is_dir():
            raise StudyError(f"the folder {str(self.path.parent)!r} does not exist; the study cannot be made there.")
        with self._guarded():
            self._db = connect(self.path)
            self._close = weakref.finalize(self, self._db.close)
            try:
                self._prepare()
            except BaseException:
                self._close()
                raise
        self._part_ids: dict[tuple[str, str], int] = {}
        self._parts: dict[int, tuple[str, dict[str, Any]]] = {}

    def close(self) -> None:
        """Close the file; the store cannot be used afterwards."""
        with self._lock:
            self._close()

    def __enter__(self) -> "Store":
        """Return the store; leaving closes it."""
        return self

    def __exit__(self, *error: object) -> None:
        """Close the file."""
        self.close()

    def __repr__(self) -> str:
        """Print Python that opens the store again."""
        return f"Store({str(self.path)!r})"

    @property
    def meta(self) -> dict[str, str]:
        """Facts about the study: model, data, versions."""
        with self._guarded():
            return dict(self._db.execute("SELECT key, value FROM meta"))

    @property
    def directions(self) -> dict[str, str]:
        """Return `max` or `min` for every figure whose direction is known, those of this study's own among them."""
        try:
            own = dict(json.loads(self.meta.get("directions", "{}")))
        except (ValueError, TypeError):
            own = {}
        return {**DIRECTIONS, **{str(name): str(way) for name, way in own.items() if way in ("max", "min")}}

    @property
    def spellings(self) -> dict[str, str]:
        """Return names that figures of this study's outputs have besides, with the figures' own names."""
        try:
            found = dict(json.loads(self.meta.get("spellings", "{}")))
        except (ValueError, TypeError):
            found = {}
        return {str(other): str(name) for other, name in found.items()}

    def set_meta(self, values: Mapping[str, str]) -> None:
        """Write facts about the study."""
        with self._transaction():
            self._db.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", list(values.items()))

    def __len__(self) -> int:
        """Count the trials."""
        with self._guarded():
            return int(self._db.execute("SELECT count(*) FROM trials").fetchone()[0])

    def add(self, trials: Iterable[Trial]) -> int:
        """Store trials in one transaction: all of them or, on an error, none; known designs are left as they are.

        Returns:
            How many were new.

        Raises:
            StudyError: If the file is locked, full or damaged.
        """
        rows = list(trials)
        with self._transaction():
            reports = [(trial.design_key, trial.report) for trial in rows if trial.report is not None]
            values = [self._row(trial) for trial in rows]
            start = self._db.total_changes
            marks = ", ".join("?" * (len(_FIGURES) + 10))
            self._db.executemany(f"INSERT OR IGNORE INTO trials VALUES (NULL, {marks})", values)
            added = self._db.total_changes - start
            for key, report in reports:
                self._add_report(key, report)
        return added

    def complete(self, trial: Trial) -> None:
        """Add the figures that a stored trial of the same design does not have yet; those of all samples stay.

        Raises:
            StudyError: If the file cannot be written.
        """
        stored = self.by_key(trial.design_key)
        if stored is None:
            return
        if stored.status is Status.PARTIAL and trial.status is not Status.OK:
            return
        is_whole = stored.status is not Status.PARTIAL
        known = {name: value for name, value in stored.metrics.items() if value is not None and is_whole}
        metrics = {**trial.metrics, **known}
        extra = json.dumps({name: value for name, value in metrics.items() if name not in _FIGURES})
        sets = ", ".join(f"{name} = ?" for name in (*_FIGURES, "extra", "status", "samples"))
        status, samples = (stored.status, stored.samples) if is_whole else (trial.status, trial.samples)
        values = [*(metrics.get(name) for name in _FIGURES), extra, str(status), samples, trial.design_key]
        with self._transaction():
            self._db.execute(f"UPDATE trials SET {sets} WHERE design_key = ?", values)

    def add_report(self, report: Report, design_key: str | None = None) -> None:
        """Store a report of a design; an older one of the same source and tool is replaced.

        Args:
            report: The report.
            design_key: The design; the report's own key when None.

        Raises:
            StudyError: If nobody says which design it is, or the file cannot be written.
        """
        key = design_key or report.design_key
        if key is None:
            raise StudyError("this report does not say which design it is of; give its design_key.")
        with self._transaction():
            self._add_report(key, report)

    def reports(self, design_key: str) -> tuple[Report, ...]:
        """Return the stored reports of a design."""
        with self._guarded():
            rows = self._db.execute(
                "SELECT report FROM reports WHERE design_key = ? ORDER BY source, tool", (design_key,)
            )
            texts = [text for (text,) in rows]
        with self._decoded():
            return tuple(Report.from_dict(json.loads(text)) for text in texts)

    def set_note(self, number: int, note: str) -> None:
        """Write the user's remark on a trial.

        Raises:
            StudyError: If there is no such trial.
        """
        number = whole(number, "the number of a trial", 1)
        with self._transaction():
            if not self._db.execute("UPDATE trials SET note = ? WHERE number = ?", (note, number)).rowcount:
                raise StudyError(f"there is no trial {number} in {self.path.name}.")

    def delete(self, numbers: Sequence[int]) -> int:
        """Delete trials; what tools reported about their designs stays.

        Args:
            numbers: Numbers of the trials; those that are not there are passed over.

        Returns:
            How many were deleted.

        Raises:
            StudyError: If the file cannot be written.
        """
        chosen = [(whole(number, "the number of a trial", 1),) for number in numbers]
        with self._transaction():
            start = self._db.total_changes
            self._db.executemany("DELETE FROM trials WHERE number = ?", chosen)
            return self._db.total_changes - start

    def trials(self, numbers: Sequence[int] | None = None, after: int = 0) -> list[Trial]:
        """Return trials in the order of their numbers, without their reports.

        Args:
            numbers: Only these; all when None.
            after: Only those with a number above this.
        """
        names = (
            f"number, design_key, parts, status, {', '.join(_FIGURES)}, extra, error, origin, wall_s, created_s, note"
        ) + f", {self._samples}"
        with self._guarded():
            new_parts = self._new_parts()
            if numbers is None:
                rows = self._db.execute(
                    f"SELECT {names} FROM trials WHERE number > ? ORDER BY number", (after,)
                ).fetchall()
            else:
                query = f"SELECT {names} FROM trials WHERE number = ?"
                rows = [row for number in sorted(map(int, numbers)) for row in self._db.execute(query, (number,))]
        with self._decoded():
            self._parts |= {number: (name, json.loads(text)) for number, name, text in new_parts}
            return [self._trial(row) for row in rows]

    def by_key(self, design_key: str) -> Trial | None:
        """Return the trial of a design with its estimate, or None."""
        with self._guarded():
            row = self._db.execute("SELECT number FROM trials WHERE design_key = ?", (design_key,)).fetchone()
        return self.trials([row[0]])[0] if row else None

    def newest(self) -> Trial | None:
        """Return the trial with the highest number, or None without trials."""
        with self._guarded():
            last = self._db.execute("SELECT max(number) FROM trials").fetchone()[0]
        return None if last is None else self.trials([last])[0]

    def known(self, design_keys: Sequence[str]) -> set[str]:
        """Return which designs have a trial."""
        query = "SELECT 1 FROM trials WHERE design_key = ?"
        with self._guarded():
            return {key for key in design_keys if self._db.execute(query, (key,)).fetchone()}

    def objectives_by_key(self, names: Sequence[str]) -> dict[str, tuple[tuple[float, ...], Status]]:
        """Return some figures and the status of each design, by its key; NaN where unknown."""
        columns = self.columns(names)
        with self._guarded():
            found = self._db.execute("SELECT design_key, status FROM trials ORDER BY number").fetchall()
        rows = zip(*(columns[name].tolist() for name in names), strict=True)
        with self._decoded():
            return {key: (row, Status(status)) for (key, status), row in zip(found, rows, strict=False)}

    def columns(self, names: Sequence[str], after: int = 0) -> dict[str, NDArray[Any]]:
        """Return figures of all trials as arrays, NaN where unknown: fast for many trials.

        Args:
            names: Figures; `number` is always added and `is_ok` tells the status.
            after: Only trials with a number above this.
        """
        own = [name for name in names if name not in _FIGURES]
        chosen = [name for name in names if name in _FIGURES]
        query = f"SELECT number, status = 'ok'{''.join(', ' + name for name in chosen)}{', extra' if own else ''}"
        with self._guarded():
            rows = self._db.execute(f"{query} FROM trials WHERE number > ? ORDER BY number", (after,)).fetchall()
        table = list(zip(*rows, strict=True)) if rows else [()] * (2 + len(chosen) + bool(own))
        arrays: dict[str, NDArray[Any]] = {
            "number": np.array(table[0], dtype=np.int64),
            "is_ok": np.array(table[1], dtype=bool),
        }
        with self._decoded():
            arrays |= {
                name: np.array(column, dtype=np.float64) for name, column in zip(chosen, table[2:], strict=False)
            }
            extra = [json.loads(text) for text in table[-1]] if own else []
            return arrays | {name: np.array([item.get(name) for item in extra], dtype=np.float64) for name in own}

    def numbers(self, design_keys: Iterable[str]) -> dict[str, int]:
        """Return the trials of designs that have one, by the designs' keys."""
        query = "SELECT number FROM trials WHERE design_key = ?"
        with self._guarded():
            found = {key: self._db.execute(query, (key,)).fetchone() for key in design_keys}
        return {key: int(row[0]) for key, row in found.items() if row}

    def reported(self) -> set[str]:
        """Return the keys of the designs of which there are reports by tools, not only estimates."""
        with self._guarded():
            rows = self._db.execute("SELECT DISTINCT design_key FROM reports WHERE source != 'estimate'").fetchall()
        return {key for (key,) in rows}

    def targets(self, after: int = 0) -> tuple[NDArray[np.int64], dict[int, dict[str, Any]]]:
        """Return what trials are built for: an index for each trial, and the target of each index as plain data.

        Args:
            after: Only trials with a number above this.
        """
        query = "SELECT CAST(substr(parts, 1, instr(parts, ',') - 1) AS INTEGER) FROM trials WHERE number > ?"
        with self._guarded():
            rows = self._db.execute(f"{query} ORDER BY number", (after,)).fetchall()
            texts = self._db.execute("SELECT id, config FROM parts WHERE name = 'target'").fetchall()
        with self._decoded():
            targets = {int(number): json.loads(text) for number, text in texts}
        return np.array([row[0] for row in rows], dtype=np.int64), targets

    def add_network(self, digest: str, data: bytes) -> None:
        """Store another network of the study; one that is known stays as it is.

        Args:
            digest: The network's digest.
            data: The network, as `study.networks` packs it.

        Raises:
            StudyError: If the file cannot be written.
        """
        with self._transaction():
            self._db.execute(_NETWORKS)
            self._db.execute("INSERT OR IGNORE INTO networks VALUES (?, ?)", (digest, data))

    def network(self, digest: str) -> bytes | None:
        """Return another network of the study as it was stored, or None."""
        with self._guarded():
            if not self._db.execute("SELECT 1 FROM sqlite_master WHERE name = 'networks'").fetchone():
                return None
            row = self._db.execute("SELECT data FROM networks WHERE digest = ?", (digest,)).fetchone()
        return None if row is None else bytes(row[0])

    def _add_report(self, key: str, report: Report) -> None:
        text = json.dumps(report.to_dict(), separators=(",", ":"))
        self._db.execute("INSERT OR REPLACE INTO reports VALUES (?, ?, ?, ?)", (key, report.source, report.tool, text))

    def _row(self, trial: Trial) -> tuple[Any, ...]:
        parts = [self._part_id("target", trial.config["target"])]
        parts += [self._part_id(name, config) for name, config in trial.config["layers"].items()]
        if "network" in trial.config:
            parts.append(self._part_id(_NETWORK, {"network": trial.config["network"]}))
        extra = {name: value for name, value in trial.metrics.items() if name not in _FIGURES}
        figures = [trial.metrics.get(name) for name in _FIGURES]
        head = (trial.design_key, ",".join(map(str, parts)), str(trial.status))
        tail = (json.dumps(extra), trial.error, trial.origin, trial.wall_s, trial.created_s, trial.note, trial.samples)
        return (*head, *figures, *tail)

    def _part_id(self, name: str, config: Mapping[str, Any]) -> int:
        key = (name, json.dumps(config))
        if key not in self._part_ids:
            self._db.execute("INSERT OR IGNORE INTO parts VALUES (NULL, ?, ?)", key)
            row = self._db.execute("SELECT id FROM parts WHERE name = ? AND config = ?", key).fetchone()
            self._part_ids[key] = row[0]
        return self._part_ids[key]

    def _new_parts(self) -> list[tuple[int, str, str]]:
        last = max(self._parts, default=0)
        return self._db.execute("SELECT id, name, config FROM parts WHERE id > ?", (last,)).fetchall()

    def _trial(self, row: tuple[Any, ...]) -> Trial:
        number, design_key, parts, status, *rest = row
        figures, (extra, error, origin, wall_s, created_s, note, samples) = rest[: len(_FIGURES)], rest[len(_FIGURES) :]
        target, *layers = (self._parts[int(part)] for part in parts.split(","))
        network = layers.pop()[1] if layers and layers[-1][0] == _NETWORK else {}
        metrics = dict(zip(_FIGURES, figures, strict=True)) | json.loads(extra)
        check_values(texts=(design_key, error, origin, note), numbers=(*metrics.values(), wall_s, created_s, samples))
        for _, config in (target, *layers):
            if not isinstance(config, dict):
                raise TypeError(f"{quoted(config)} is no configuration")
        return Trial(
            design_key=design_key,
            config={**network, "target": target[1], "layers": dict(layers)},
            metrics=metrics,
            status=Status(status),
            samples=samples,
            error=error,
            origin=origin,
            wall_s=wall_s,
            created_s=created_s,
            number=number,
            note=note,
        )

    def _prepare(self) -> None:
        """Check what the file is; make the tables in a new one."""
        identity, version = (
            self._db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version")
        )
        if not self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            self._create()
            return
        if identity != APPLICATION_ID:
            raise StudyError(f"{str(self.path)!r} is an SQLite file of another program, no study. Choose another file.")
        if version > FORMAT:
            raise StudyError(
                f"the study {str(self.path)!r} has format {version}; this version of hlsexplore reads up to {FORMAT}. "
                "Update hlsexplore to open it."
            )
        if self.path.stat().st_size <= _CHECKED_BYTES:
            problem = self._db.execute("PRAGMA quick_check(1)").fetchone()[0]
            if problem != "ok":
                raise StudyError(damaged(self.path, problem.replace("\n", " ")))
        if version < FORMAT:
            self._upgrade()

    def _upgrade(self) -> None:
        """Give a file of format 1 the column of samples; one that cannot be written is read without it."""
        try:
            with self._transaction():
                if self._db.execute("PRAGMA user_version").fetchone()[0] < FORMAT:
                    self._db.execute("ALTER TABLE trials ADD COLUMN samples INTEGER")
                    self._db.execute(f"PRAGMA user_version = {FORMAT}")
        except StudyError as error:
            name = getattr(error.__cause__, "sqlite_errorname", None) or ""
            if not name.startswith("SQLITE_READONLY"):
                raise
            self._samples = "NULL"

    def _create(self) -> None:
        self._db.execute("PRAGMA journal_mode = WAL")
        with self._transaction():
            if self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                return
            for statement in _SCHEMA.split(";"):
                self._db.execute(statement)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._guarded():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                self._part_ids = {}
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        with self._lock:
            try:
                yield
            except sqlite3.Error as error:
                raise StudyError(sentence(self.path, error)) from error

    @contextmanager
    def _decoded(self) -> Iterator[None]:
        try:
            yield
        except (
            LookupError,
            ValueError,
            TypeError,
            AttributeError,
            ArithmeticError,
            RecursionError,
            ConfigError,
        ) as error:
            raise StudyError(damaged(self.path, f"{type(error).__name__}: {quoted(str(error))}")) from error
