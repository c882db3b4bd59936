"""A tool is a row: what panel, doctor, command line and docs say of tools comes from the table."""

from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest

from hlsexplore.commands.arguments import build_parser
from hlsexplore_hls.flows import FLOWS, resolve
from hlsexplore_hls.tools import doctor, synthesize, table
from hlsexplore_hls.tools.find import Finding
from hlsexplore_hls.tools.table import TOOLS, ToolRow, tool_words, tools_of

DOCS = Path(__file__).parents[3] / "docs"
READS = {"vitis": "HLS C++", "rtl": "Verilog", "xls": "Verilog", "hls4ml": "a project of hls4ml"}


def row_of_docs(name: str, row: ToolRow) -> str:
    """Write the line of docs/tools.md."""
    forms = ", ".join(f"`{form}`" for form in ((() if row.is_for_boards else (name,)) + row.forms))
    reads = f"{READS[row.flows[0]]} ({', '.join(f'`{flow}`' for flow in row.flows)})"
    return f"| {forms} | {reads} | {row.runs} | `{row.source}` |"


def new_programs() -> tuple[Finding, ...]:
    return (Finding(name="new tool", group="synthesis", purpose="a test", found=False, hint="write it"),)


@pytest.mark.parametrize("name", TOOLS)
def test_functions_of_a_row_are_there_and_its_flows_too(name: str) -> None:
    row = TOOLS[name]
    assert callable(resolve(row.synthesize)) and set(row.flows) <= set(FLOWS)
    assert all(isinstance(item, Finding) for item in resolve(row.programs)())


def test_docs_list_the_tools_as_the_table_has_them(request: pytest.FixtureRequest) -> None:
    lines = [row_of_docs(name, row) for name, row in TOOLS.items()]
    file = DOCS / "tools.md"
    text = file.read_text(encoding="utf-8")
    head = "| tool | reads | runs | source of the report |\n|---|---|---|---|\n"
    before, _, after = text.partition(head)
    old, _, rest = after.partition("\n\n")
    if request.config.getoption("--update-golden"):
        file.write_text(before + head + "\n".join(lines) + "\n\n" + rest, encoding="utf-8")
        return
    assert old.splitlines() == lines, "docs/tools.md is old: pytest tests/hls/tools/test_table.py --update-golden"
    synth = next(line for line in (DOCS / "cli.md").read_text(encoding="utf-8").splitlines() if "`synth DIR" in line)
    assert "\\|".join(name for name, row in TOOLS.items() if not row.is_for_boards) in synth


def test_a_new_row_is_seen_by_panel_doctor_and_command_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    row = replace(TOOLS["yosys"], programs=f"{__name__}:new_programs", flows=("rtl",))
    monkeypatch.setattr(doctor, "resolve", lambda name: new_programs if name == row.programs else resolve(name))
    more = MappingProxyType({**TOOLS, "new": row})
    for module in (table, doctor, synthesize):
        monkeypatch.setattr(module, "TOOLS", more)
    assert tools_of("rtl")[-1] == "new" and tool_words().endswith(" or new")
    assert doctor.diagnose().finding("new tool").hint == "write it"
    with pytest.raises(SystemExit):
        build_parser().parse_args(["synth", "--help"])
    assert "vivado, nextpnr or new (yosys)" in " ".join(capsys.readouterr().out.split())
