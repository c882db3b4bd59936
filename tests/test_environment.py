"""environment.yml, pyproject.toml and the README name the same environment."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
CONDA_NAMES = {"playwright-python": "playwright"}


def split(requirement) -> tuple[str, str]:
    name, spec = re.fullmatch(r"([A-Za-z0-9_.-]+)\s*(.*)", requirement.strip()).groups()
    return name.lower(), spec.replace(" ", "")


@pytest.fixture(scope="module")
def project():
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_environment_yml_names_the_same_packages_and_specifiers_as_pyproject(project) -> None:
    wanted = dict(split(item) for item in project["dependencies"])
    for items in project["optional-dependencies"].values():
        wanted |= dict(split(item) for item in items if not item.startswith("hlsexplore["))
    listed = {}
    for item in yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]:
        for text in item["pip"] if isinstance(item, dict) else [item]:
            if not text.startswith("--"):
                name, spec = split(text)
                listed[CONDA_NAMES.get(name, name)] = spec
    assert listed.pop("python") == project["requires-python"]
    listed.pop("pip")
    assert listed == wanted


def test_the_all_extra_of_users_holds_no_training_framework(project) -> None:
    extras = project["optional-dependencies"]
    text = " ".join(extras["all"])
    assert "train" not in text
    users = {extra for extra in extras if extra in re.findall(r"[a-z]+", text)}
    names = {split(item)[0] for extra in users for item in extras[extra]}
    assert not names & {"tensorflow", "keras", "qkeras-v3", "hls4ml"}


def test_every_make_target_of_the_design_exists() -> None:
    text = (ROOT / "Makefile").read_text()
    for target in ("help", "demo", "explore", "test", "check", "agreement", "notebooks", "bench", "wheel"):
        assert re.search(rf"^{target}:.*## ", text, re.M), target


def test_readme_names_the_two_commands_first() -> None:
    text = (ROOT / "README.md").read_text()
    assert text.index("make demo") < text.index("make test") < 3000
