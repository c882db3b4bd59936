"""A table as the user saves it: comma separated for a file, separated by tabs for the clipboard."""

import csv
import io
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table.

    Attributes:
        columns: Heads of the columns.
        rows: Cells; numbers are numbers, what is not known is None.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]

    def to_csv(self) -> str:
        r"""Return the table as comma separated values with one head line.

        Examples:
            >>> Table(columns=("layer", "lut"), rows=(("fc,1", 12.0), ("fc2", None))).to_csv()
            'layer,lut\n"fc,1",12\nfc2,\n'
        """
        return self._written(",")

    def to_text(self) -> str:
        """Return the table separated by tabs, as spread sheets take it from the clipboard."""
        return self._written("\t")

    def to_frame(self) -> Any:
        """Return the table as a pandas DataFrame."""
        import pandas

        return pandas.DataFrame(list(self.rows), columns=list(self.columns))

    def _written(self, delimiter: str) -> str:
        text = io.StringIO()
        writer = csv.writer(text, delimiter=delimiter, lineterminator="\n")
        writer.writerow(self.columns)
        writer.writerows([_cell(value) for value in row] for row in self.rows)
        return text.getvalue()


def _cell(value: Any) -> Any:
    """Write whole numbers without a point; nothing for what is not known."""
    if value is None:
        return ""
    return int(value) if isinstance(value, float) and value.is_integer() else value
