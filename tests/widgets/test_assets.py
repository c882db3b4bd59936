"""The browser side: modules are put together correctly, and their logic passes its own tests."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from hlsexplore_widgets.assets import module, style

STATIC = Path(__file__).parents[2] / "widgets" / "hlsexplore_widgets" / "static"
WIDGETS = (
    "layers",
    "tiles",
    "plot",
    "tabs",
    "toasts",
    "build",
    "sweep",
    "smaller",
    "choices",
    "trials",
    "compare",
    "network",
)
NODE = shutil.which("node")


@pytest.mark.parametrize("name", WIDGETS)
def test_module_stands_alone(name) -> None:
    text = module(f"{name}.js")
    assert not re.search(r"^import ", text, re.MULTILINE)
    assert len(re.findall(r"^export ", text, re.MULTILINE)) == 1
    names = re.findall(r"^(?:async )?(?:function|const|class|let) ([A-Za-z_]+)", text, re.MULTILINE)
    assert len(names) == len(set(names))


def test_module_of_modules_is_used_once_each() -> None:
    text = module("layers.js")
    assert text.count("function announce(") == 1 and text.index("function h(") < text.index("function reuseMenu(")


def test_nothing_is_loaded_from_elsewhere() -> None:
    for path in filter(Path.is_file, STATIC.rglob("*")):
        text = path.read_text().replace("http://www.w3.org/2000/svg", "")
        text = re.sub(
            r'\* @import \{[^}]*\} from "\./', "", text
        )  # types of files beside it, which the browser does not load
        assert not re.search(r"https?:|//cdn|@import|innerHTML|insertAdjacentHTML|eval\(", text), path.name


def test_every_colour_exists_in_light_and_dark() -> None:
    light, dark = re.findall(r"\{([^}]*--hx-bg:[^}]*)\}", style())
    names = [set(re.findall(r"(--hx-[a-z0-9-]+):", text)) for text in (light, dark)]
    assert names[0] - names[1] == {"--hx-radius"} and names[1] <= names[0]
    used = set(re.findall(r"var\((--hx-[a-z0-9-]+)\)", "".join(path.read_text() for path in STATIC.glob("*.css"))))
    assert used <= names[0]


@pytest.mark.skipif(NODE is None, reason="node is not installed; the logic of the browser side is tested where it is")
def test_logic_of_the_browser_side() -> None:
    tests = Path(__file__).parent / "js" / "logic.test.mjs"
    done = subprocess.run([NODE, "--test", tests], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.skipif(NODE is None, reason="node is not installed; the syntax of the modules is checked where it is")
@pytest.mark.parametrize("name", WIDGETS)
def test_module_has_valid_syntax(name, tmp_path: Path) -> None:
    path = tmp_path / f"{name}.mjs"
    path.write_text(module(f"{name}.js"))
    done = subprocess.run([NODE, "--check", path], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
