"""The README's Python runs as it stands, in an empty folder."""

import re
from pathlib import Path

import pytest

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def test_the_python_of_the_readme_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", README, re.S)
    assert len(blocks) == 2
    names = {}
    for block in blocks:
        exec(compile(block, "README.md", "exec"), names)
    assert "lut=" in capsys.readouterr().out
    assert names["project"].simulate().differing == 0


@pytest.mark.parametrize("target", re.findall(r"\]\((docs/[^)]+|CHANGELOG\.md)\)", README))
def test_the_readme_points_to_files_that_exist(target) -> None:
    assert (Path(__file__).parents[1] / target).exists()
