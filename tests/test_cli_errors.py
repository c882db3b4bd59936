"""The command line: wrong usage and broken inputs are one clear message each."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
import yaml
from cli_kit import SHAPE, run, run_json, write_model

DESIGN = ["--design", "d.yaml"]
EMULATE = ["emulate", "m.keras", "--data", "X.npz"]
SWEEP = ["sweep", "m.keras", "--data", "X.npz", "--study", "S.db"]
GOOD = np.zeros((3, SHAPE))


def truncate(path) -> None:
    path.write_bytes(path.read_bytes()[:-300])


def npy(array):
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def yaml_file(name, document):
    return lambda work: (work / name).write_text(yaml.safe_dump(document))


def arrays(**values):
    return lambda work: np.savez(work / "X.npz", **values)


HOSTILE = [
    ("truncated model", lambda w: truncate(w / "m.keras"), ["estimate", "m.keras"], "damaged or incomplete"),
    ("no model", lambda w: None, ["estimate", "none.keras"], "the model file 'none.keras' does not exist."),
    (
        "text model",
        lambda w: (w / "m.keras").write_text("hi"),
        ["estimate", "m.keras"],
        "'m.keras' is no Keras, ONNX or PyTorch model that can be read",
    ),
    (
        "lambda",
        lambda w: write_model(w / "m.keras", cls="Lambda"),
        ["estimate", "m.keras"],
        "it holds Python code, which is never executed.",
    ),
    (
        "nan weights",
        lambda w: write_model(w / "m.keras", kernel=np.nan),
        ["estimate", "m.keras"],
        "layer 'fc1': 1 of 48 values of the weight 'layers/dense/vars/0' are NaN or infinite.",
    ),
    (
        "unknown key",
        yaml_file("d.yaml", {"layers": {"fc1": {"wieght": "fixed<8,2>"}}}),
        ["estimate", "m.keras", *DESIGN],
        "d.yaml: layer 'fc1': unknown key 'wieght'. A dense layer has 'weight', 'bias', 'accum', 'result', 'reuse', 'strategy', 'multiplier', 'dsp_budget', 'density', 'pattern', 'mask'. Did you mean 'weight'?",
    ),
    (
        "unknown layer",
        yaml_file("d.yaml", {"layers": {"fc3": {}}}),
        ["estimate", "m.keras", *DESIGN],
        "d.yaml: unknown layer 'fc3'.",
    ),
    (
        "unknown section",
        yaml_file("d.yaml", {"layer": {}}),
        ["estimate", "m.keras", *DESIGN],
        "Did you mean 'layers'?",
    ),
    (
        "bad yaml",
        lambda w: (w / "d.yaml").write_text("layers: [1,"),
        ["estimate", "m.keras", *DESIGN],
        "d.yaml is not valid YAML",
    ),
    (
        "python yaml",
        lambda w: (w / "d.yaml").write_text("layers: !!python/object/apply:os.system ['touch y']"),
        ["estimate", "m.keras", *DESIGN],
        "d.yaml is not valid YAML",
    ),
    (
        "no design",
        lambda w: None,
        ["estimate", "m.keras", "--design", "none.yaml"],
        "cannot read none.yaml: No such file or directory.",
    ),
    (
        "reuse",
        yaml_file("d.yaml", {"layers": {"fc1": {"reuse": 7}}}),
        ["estimate", "m.keras", *DESIGN],
        "d.yaml: layer 'fc1': reuse=7 does not divide the 48 multiplications of this layer. Valid values near 7: 6, 12.",
    ),
    ("no data", lambda w: (w / "X.npz").unlink(), EMULATE, "there is no file 'X.npz'."),
    (
        "wrong shape",
        arrays(x=np.zeros((3, 5))),
        EMULATE,
        "X.npz: input 'x' needs samples of shape (samples, 6), not (3, 5).",
    ),
    ("no x", arrays(X=GOOD), EMULATE, "X.npz: unknown key 'x'. The file has 'X'."),
    (
        "nan data",
        arrays(x=np.full((3, SHAPE), np.nan)),
        EMULATE,
        "X.npz: input 'x': 18 of 18 values are NaN or infinite. Remove such samples first.",
    ),
    (
        "text data",
        arrays(x=np.array([["a"] * SHAPE])),
        EMULATE,
        "X.npz: the samples of input 'x': real numbers are needed, not texts",
    ),
    (
        "pickled data",
        arrays(x=np.array([{"a": 1}], dtype=object)),
        EMULATE,
        "X.npz cannot be read: Object arrays cannot be loaded when allow_pickle=False.",
    ),
    ("truncated data", lambda w: truncate(w / "X.npz"), EMULATE, "X.npz cannot be read: "),
    ("npy data", lambda w: (w / "X.npz").write_bytes(npy(GOOD)), EMULATE, "X.npz holds a single array."),
    ("few labels", arrays(x=GOOD, y=[0, 1]), EMULATE, "X.npz: there are 2 labels for 3 samples."),
    ("odd labels", arrays(x=GOOD, y=[0, 1, 9]), EMULATE, "labels must be class numbers from 0 to 3, not 9."),
    ("text labels", arrays(x=GOOD, y=["a", "b", "c"]), EMULATE, "X.npz: the labels are texts such as 'a'."),
    (
        "unknown space key",
        yaml_file("S.yaml", {"uniform": {"wieght": [4]}}),
        [*SWEEP, "--space", "S.yaml"],
        "section 'uniform' of the space: unknown key 'wieght'.",
    ),
    (
        "bad space",
        yaml_file("S.yaml", {"unifrom": {}}),
        [*SWEEP, "--space", "S.yaml"],
        "S.yaml: unknown section 'unifrom'.",
    ),
    ("no study", lambda w: None, ["front", "none.db"], "there is no study 'none.db'."),
    (
        "text study",
        lambda w: (w / "S.db").write_text("hello" * 500),
        ["front", "S.db"],
        "'S.db' is no study: it is not an SQLite file.",
    ),
    (
        "text study sweep",
        lambda w: (w / "S.db").write_text("hello" * 500),
        SWEEP,
        "'S.db' is no study: it is not an SQLite file.",
    ),
    ("no project", lambda w: None, ["simulate", "none"], "none"),
    ("folder as project", lambda w: None, ["synth", "."], "."),
    (
        "calibrate without a project",
        lambda w: None,
        ["calibrate", "X.npz"],
        "'X.npz' is in no project of hlsexplore or hls4ml",
    ),
    ("full folder", lambda w: None, ["export", "m.keras", "--to", "."], "holds files but no hlsexplore project."),
    (
        "out in a missing folder",
        lambda w: None,
        [*EMULATE, "--out", "none/Y.npz"],
        "cannot write none/Y.npz: No such file or directory.",
    ),
    (
        "design in a missing folder",
        lambda w: None,
        ["init", "m.keras", "-o", "none/d.yaml"],
        "cannot write none/d.yaml: No such file or directory.",
    ),
    ("unknown example", lambda w: None, ["demo", "--example", "shutle"], "Did you mean 'shuttle'?"),
    ("unknown sampler", lambda w: None, [*SWEEP, "--sampler", "rnadom"], "Did you mean 'random'?"),
    ("unknown metric", lambda w: None, [*SWEEP, "--metric", "acuracy"], "Did you mean 'accuracy'?"),
    ("unknown objective", lambda w: None, [*SWEEP, "--objectives", "luts"], "Did you mean 'lut'?"),
]
"""(name, what makes the folder hostile, command, message): the broken inputs that every user meets once."""


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        ([], "the following arguments are required: COMMAND"),
        (["estimat", "m.keras"], "Did you mean 'estimate'?"),
        (["estimate"], "the following arguments are required: MODEL"),
        (["estimate", "m.keras", "--desing", "d.yaml"], "unrecognized arguments: --desing d.yaml"),
        (["init", "m.keras", "--type", "fixed<16>"], "'fixed<16>' is not a fixed-point type."),
        (["init", "m.keras", "--clock-ns", "0"], "expected a number above 0, not '0'"),
        (["init", "m.keras", "--clock-ns", "nan"], "expected a number above 0, not 'nan'"),
        (
            ["init", "m.keras", "--io", "paralel"],
            "unknown io 'paralel'. Valid: parallel, stream. Did you mean 'parallel'?",
        ),
        (["init", "m.keras", "--part", "xc7 z"], "part 'xc7 z' is no device name."),
        (["propose", "m.keras"], "the following arguments are required: --data"),
        (
            ["propose", "m.keras", "--data", "X.npz", "--tolerance", "1"],
            "expected a number from 0 to below 1, not '1'",
        ),
        (["export", "m.keras", "--to", "o", "--flow", "rtll"], "Did you mean 'rtl'?"),
        (
            ["sweep", "m.keras", "--data", "X.npz", "--study", "s", "--trials", "-3"],
            "expected a whole number, not '-3'",
        ),
        (["sweep", "m.keras", "--data", "X.npz", "--study", "s", "--workers", "host"], "tcp://host:8786, not 'host'"),
    ],
)
def test_wrong_usage_is_one_message_and_exit_code_2(
    work: Path, capsys: pytest.CaptureFixture[str], argv, message: str
) -> None:
    code, out, err = run(capsys, *argv)
    assert (code, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("prepare", "argv", "message"), [case[1:] for case in HOSTILE], ids=[case[0] for case in HOSTILE]
)
def test_a_broken_input_is_one_clear_error_and_exit_code_1(
    work: Path, capsys: pytest.CaptureFixture[str], prepare, argv, message
) -> None:
    prepare(work)
    before = {path.name for path in work.iterdir()}
    code, out, err = run(capsys, *argv)
    assert (code, out) == (1, "")
    assert message in err
    assert err.startswith(f"hlsexplore {argv[0]}: ")
    assert "Traceback" not in err
    assert {path.name for path in work.iterdir()} - before <= {"S.db"}
    found = json.loads(run(capsys, *argv, "--json")[1])
    assert message in found["error"]


def test_a_hostile_layer_name_reaches_no_shell_and_no_terminal(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    name = 'x"; $(touch y)'
    write_model(work / "m.keras", names=(name, "fc2"))
    assert run_json(capsys, "inspect", "m.keras")["layers"][1]["name"] == name
    assert run(capsys, "init", "m.keras", "-o", "d.yaml")[0] == 0
    assert run(capsys, "export", "m.keras", "--design", "d.yaml", "--to", "out")[0] == 0
    assert run_json(capsys, "simulate", "out")["differing"] == 0
    write_model(work / "m.keras", names=("\x1b[31m", "fc2"))
    code, out, err = run(capsys, "inspect", "m.keras")
    assert (code, out) == (1, "")
    assert "\x1b" not in err
    assert r"\x1b[31m" in err
    assert not any(path.name == "y" for path in work.rglob("*"))


def test_debug_adds_the_traceback(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(capsys, "estimate", "none.keras", "--debug")
    assert code == 1
    assert "Traceback (most recent call last)" in err
    assert err.rstrip().splitlines()[-1].startswith("hlsexplore estimate: the model file")


def test_json_may_stand_before_the_command(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "--json", "inspect", "m.keras")
    assert code == 0
    assert json.loads(out)["name"] == "net"
