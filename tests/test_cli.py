import io
import json
import os
import re
import resource
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest
import yaml

import hlsexplore
from hlsexplore.cli import main
from hlsexplore.design import Design
from hlsexplore.emulate import emulate, emulate_raw, float_forward
from hlsexplore.estimate import estimate
from hlsexplore.importers import read_model
from hlsexplore.metrics import accuracy, agreement, relative_error, rmse, spread
from hlsexplore.study.store import Store

SHAPE, CLASSES = 6, 4


def dense(name, previous, units):
    history = {"shape": None, "dtype": "float32", "keras_history": [previous, 0, 0]}
    inbound = [{"args": [{"class_name": "__keras_tensor__", "config": history}], "kwargs": {}}]
    config = {"name": name, "units": units, "use_bias": True, "activation": "linear"}
    return {"module": "keras.layers", "class_name": "Dense", "config": config, "name": name, "inbound_nodes": inbound}


def write_model(path, names=("fc1", "fc2"), kernel=None, cls="Dense", has_two_outputs=False):
    """A `.keras` file of two layers, SHAPE -> 8 -> CLASSES, made by hand: no TensorFlow needed."""
    first = {"module": "keras.layers", "class_name": "InputLayer", "name": "x", "inbound_nodes": []}
    layers = [first | {"config": {"name": "x", "batch_shape": [None, SHAPE]}}]
    layers += [dense(names[0], "x", 8) | {"class_name": cls}, dense(names[1], names[0], CLASSES)]
    config = {"name": "net", "layers": layers, "input_layers": ["x", 0, 0], "output_layers": [names[1], 0, 0]}
    if has_two_outputs:
        config["output_layers"] = [[name, 0, 0] for name in names]
    rng = np.random.default_rng(5)
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        for group, size in (("dense", (SHAPE, 8)), ("dense_1", (8, CLASSES))):
            variables = file.create_group(f"layers/{group}/vars")
            values = rng.normal(0, 0.5, size)
            if kernel is not None and group == "dense":
                values[0, 0] = kernel
            variables.create_dataset("0", data=values.astype("f4"))
            variables.create_dataset("1", data=rng.normal(0, 0.1, size[1]).astype("f4"))
    with zipfile.ZipFile(path, "w") as archive:
        document = {"module": "keras.src.models.functional", "class_name": "Functional", "config": config}
        archive.writestr("config.json", json.dumps(document))
        archive.writestr("metadata.json", json.dumps({"keras_version": "3.15.1"}))
        archive.writestr("model.weights.h5", buffer.getvalue())
    return path


@pytest.fixture
def work(tmp_path, monkeypatch):
    """A folder with a model and data, made the current one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HLSEXPLORE_CALIBRATION", str(tmp_path / "calibration" / "reports.json"))
    graph = read_model(write_model(tmp_path / "m.keras"))
    x = np.random.default_rng(1).normal(0, 1, (200, SHAPE))
    labels = hlsexplore.predict(graph, x).argmax(axis=1)
    np.savez(tmp_path / "X.npz", x=x, y=labels)
    return tmp_path


def run(capsys, *argv):
    """Run a command; its exit code, stdout and stderr."""
    code = main([str(item) for item in argv])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def run_json(capsys, *argv, code=0):
    found, out, err = run(capsys, *argv, "--json")
    assert found == code, err
    return json.loads(out)


def test_commands_take_an_architecture_and_its_weights(work, capsys):
    with zipfile.ZipFile("m.keras") as archive:
        Path("m.json").write_bytes(archive.read("config.json"))
        Path("m.weights.h5").write_bytes(archive.read("model.weights.h5"))
    pair, whole = ["m.json", "m.weights.h5"], ["m.keras"]
    assert run_json(capsys, "inspect", *pair)["digest"] == run_json(capsys, "inspect", *whole)["digest"]
    for command in (["estimate"], ["emulate", "--data", "X.npz"]):
        assert run_json(capsys, *command, *pair)["design_key"] == run_json(capsys, *command, *whole)["design_key"]
    code, _, err = run(capsys, "inspect", "m.json")
    assert code == 1
    assert "Give both: m.json m.weights.h5 on the command line" in err
    code, _, err = run(capsys, "inspect", "m.keras", "m.weights.h5")
    assert code == 1
    assert "holds its own weights. Leave 'm.weights.h5' out." in err


def test_inspect_lists_layers_and_says_all_is_supported(work, capsys):
    code, out, err = run(capsys, "inspect", "m.keras")
    assert (code, err) == (0, "")
    assert re.search(r"^fc1 +Dense +8 +56 +fc1$", out, re.MULTILINE)
    assert out.endswith("Everything is supported.\n")
    data = run_json(capsys, "inspect", "m.keras")
    assert [layer["name"] for layer in data["layers"]] == ["x", "fc1", "fc2"]
    assert data["num_parameters"] == 6 * 8 + 8 + 8 * 4 + 4
    assert data["digest"] == read_model("m.keras").digest


def test_inspect_lists_everything_unsupported_and_exits_with_1(work, capsys):
    write_model("l.keras", cls="Lambda")
    code, out, err = run(capsys, "inspect", "l.keras")
    assert (code, err) == (1, "")
    assert "Not supported (1):" in out
    assert "layer 'fc1' (Lambda): it holds Python code, which is never executed." in out
    assert run_json(capsys, "inspect", "l.keras", code=1)["is_supported"] is False


def test_init_writes_a_design_that_the_other_commands_take(work, capsys):
    code, out, _ = run(
        capsys, "init", "m.keras", "-o", "d.yaml", "--type", "fixed<12,4>", "--clock-ns", "2.5", "--io", "stream"
    )
    assert code == 0
    assert out.startswith("Wrote d.yaml for 2 layers")
    design = Design.load("d.yaml", read_model("m.keras"))
    assert str(design.type("x", "result")) == "fixed<12,4,TRN,SAT>"
    assert (design.target.clock_ns, design.target.io) == (2.5, "stream")


def test_init_says_what_inputs_hold_and_fits_them_to_data(work, capsys):
    graph = read_model("m.keras")
    code, out, err = run(capsys, "init", "m.keras", "-o", "plain.yaml")
    assert (code, err) == (0, "")
    assert (
        "input 'x' is fixed<16,6,TRN,SAT>: -32 to 31.999 in steps of 0.000976562; what lies outside is clipped." in out
    )
    x = np.random.default_rng(0).normal(500, 300, (60, SHAPE))
    np.savez("wide.npz", x=x)
    code, out, err = run(capsys, "init", "m.keras", "--data", "wide.npz", "-o", "wide.yaml")
    assert (code, err) == (0, "") and "fitted to wide.npz." in out
    design = Design.load("wide.yaml", graph)
    assert design == Design.default(graph, data=x)
    assert design.result_type("x").high > x.max()
    found = run_json(capsys, "emulate", "m.keras", "--design", "wide.yaml", "--data", "wide.npz")
    assert found["relative_error"] < 0.01
    code, out, _ = run(capsys, "emulate", "m.keras", "--design", "plain.yaml", "--data", "wide.npz")
    assert code == 0 and "Inputs leave the range of their type: 'hlsexplore init --data' fits it to samples." in out
    code, _, err = run(capsys, "init", "m.keras", "--data", "wide.npz", "--hls4ml", "c.yml", "-o", "n.yaml")
    assert code == 1 and "give one of them" in err


def test_propose_fits_types_to_data_and_narrows_them_within_a_tolerance(work, capsys):
    graph = read_model("m.keras")
    x = np.random.default_rng(0).normal(0, 100, (200, SHAPE))
    np.savez("wide.npz", x=x)
    found = run_json(capsys, "propose", "m.keras", "--data", "wide.npz", "-o", "wide.yaml", "--clock-ns", "4")
    design = Design.load("wide.yaml", graph)
    assert (found["design"], found["design_key"], design.target.clock_ns) == ("wide.yaml", design.key, 4.0)
    reference = float_forward(graph, x)
    error = relative_error(emulate(design, x), reference)
    assert found["relative_error"] == pytest.approx(error) and error < 0.002
    code, out, err = run(capsys, "propose", "m.keras", "--data", "wide.npz", "--tolerance", "0.05", "-o", "small.yaml")
    assert (code, err) == (0, "") and "Task: regression." in out and "before narrowing" in out
    small = Design.load("small.yaml", graph)
    assert relative_error(emulate(small, x), reference) < 0.05 + error
    widths = [sum(item.type(name, "weight").width for name in ("fc1", "fc2")) for item in (small, design)]
    assert widths[0] < 0.6 * widths[1]
    again = run_json(capsys, "propose", "m.keras", "--data", "wide.npz", "--design", "small.yaml", "-o", "again.yaml")
    assert again["layers"]["fc1"]["weight"] == str(small.type("fc1", "weight"))
    code, _, err = run(capsys, "propose", "m.keras", "--data", "wide.npz", "-o", "small.yaml")
    assert code == 1 and "small.yaml exists." in err


def test_init_does_not_replace_a_file_unless_forced(work, capsys):
    (work / "design.yaml").write_text("mine")
    code, out, err = run(capsys, "init", "m.keras")
    assert (code, out) == (1, "")
    assert err == "hlsexplore init: design.yaml exists. Choose another name with -o, or replace it with --force.\n"
    assert (work / "design.yaml").read_text() == "mine"
    assert run(capsys, "init", "m.keras", "--force")[0] == 0


def test_emulate_gives_accuracy_agreement_overflows_and_outputs(work, capsys):
    graph = read_model("m.keras")
    design = Design.default(graph, type="fixed<6,2>").with_layer("fc2", result="fixed<5,1>")
    design.save("d.yaml")
    data = run_json(capsys, "emulate", "m.keras", "--design", "d.yaml", "--data", "X.npz", "--out", "Y.npz")
    with np.load("X.npz") as given, np.load("Y.npz") as outputs:
        y = emulate(design, given["x"])
        np.testing.assert_array_equal(outputs["y"], y)
        np.testing.assert_array_equal(outputs["raw"], emulate_raw(design, given["x"]))
        assert data["accuracy"] == (y.argmax(axis=1) == given["y"]).mean()
    assert data["accuracy_float"] == 1.0
    assert data["accuracy"] == data["agreement"]
    assert data["agreement_interval"][0] < data["agreement"] < data["agreement_interval"][1]
    wrapped = {(item["layer"], item["tensor"]): item["wrapped"] for item in data["tensors"]}
    assert wrapped["fc2", "result"] > 0
    code, out, _ = run(capsys, "emulate", "m.keras", "--design", "d.yaml", "--data", "X.npz")
    assert code == 0
    assert "Values out of range:" in out
    assert f"accuracy              {data['accuracy']:.4f}" in out


def test_emulate_without_labels_compares_with_the_float_network_as_the_task_asks(work, capsys):
    with np.load("X.npz") as given:
        np.savez("Z.npz", x=given["x"])
        x = given["x"]
    graph = read_model("m.keras")
    y, reference = emulate(Design.default(graph), x), hlsexplore.predict(graph, x)
    data = run_json(capsys, "emulate", "m.keras", "--data", "Z.npz", "--no-trace")
    assert (data["task"], data["accuracy"], data["agreement"], data["tensors"]) == ("regression", None, None, [])
    assert data["relative_error"] == relative_error(y, reference) and data["rmse_to_float"] == rmse(y, reference)
    decided = run_json(capsys, "emulate", "m.keras", "--data", "Z.npz", "--no-trace", "--task", "classification")
    assert (decided["task"], decided["relative_error"]) == ("multiclass", None)
    assert decided["agreement"] == agreement(y, reference)
    out = run(capsys, "emulate", "m.keras", "--data", "Z.npz", "--no-trace")[1]
    assert "Task: regression." in out and f"error against float   {data['relative_error']:.4%} [" in out


def test_emulate_of_whole_number_targets_gives_rmse(work, capsys):
    graph = read_model("m.keras")
    with np.load("X.npz") as given:
        x = given["x"]
    wanted = np.round(100 * hlsexplore.predict(graph, x))
    np.savez("R.npz", x=x, y=wanted.astype(int))
    data = run_json(capsys, "emulate", "m.keras", "--data", "R.npz", "--no-trace")
    y = emulate(Design.default(graph), x)
    assert data["rmse"] == rmse(y, wanted) and data["rmse_float"] == rmse(hlsexplore.predict(graph, x), wanted)
    assert data["rmse_relative"] == data["rmse"] / spread(wanted)
    assert (data["accuracy"], data["agreement"]) == (None, None)
    out = run(capsys, "emulate", "m.keras", "--data", "R.npz", "--no-trace")[1]
    assert "% of the spread of the wanted values  (float network: " in out


def test_a_sweep_of_regression_improves_rmse(work, capsys):
    graph = read_model("m.keras")
    with np.load("X.npz") as given:
        x = given["x"]
    np.savez("R.npz", x=x, y=hlsexplore.predict(graph, x))
    (work / "S.yaml").write_text(yaml.safe_dump({"uniform": {"weight": [3, 6, 10], "result": [6, 12]}}))
    argv = ["sweep", "m.keras", "--data", "R.npz", "--space", "S.yaml", "--study", "R.db", "--sampler", "guided"]
    data = run_json(capsys, *argv, "--trials", 6)
    assert data["objectives"] == ["rmse", "lut", "latency_cycles"] and data["tasks"] == {"fc2": "regression"}
    errors = [trial["metrics"]["rmse"] for trial in data["front"]]
    assert min(errors) > 0 and len(data["front"]) > 1
    front = run_json(capsys, "front", "R.db", "--where", f"rmse<={min(errors)!r}")["front"]
    assert [trial["metrics"]["rmse"] for trial in front] == [min(errors)]


def test_labels_of_several_outputs_have_their_names(work, capsys):
    graph = read_model(write_model("two.keras", has_two_outputs=True))
    x = np.random.default_rng(2).normal(0, 1, (50, SHAPE))
    hidden, logits = hlsexplore.predict(graph, x)
    np.savez("both.npz", x=x, y_fc1=hidden, y_fc2=logits.argmax(axis=1))
    data = run_json(capsys, "emulate", "two.keras", "--data", "both.npz", "--no-trace")
    first, second = emulate(Design.default(graph), x)
    assert data["outputs"]["fc1"]["rmse"] == rmse(first, hidden) == data["rmse"]
    assert data["outputs"]["fc2"]["accuracy"] == accuracy(second, logits.argmax(axis=1))
    (work / "S.yaml").write_text(yaml.safe_dump({"uniform": {"weight": [4, 6]}}))
    argv = ["sweep", "two.keras", "--data", "both.npz", "--space", "S.yaml", "--study", "T.db"]
    data = run_json(capsys, *argv)
    assert data["objectives"] == ["rmse_fc1", "accuracy_fc2", "lut", "latency_cycles"]
    assert data["tasks"] == {"fc1": "regression", "fc2": "multiclass"} and data["unscored"] == []
    assert len(run_json(capsys, "front", "T.db", "--objectives", "rmse_fc1,lut")["front"]) == 2

    np.savez("one.npz", x=x, y_fc2=logits.argmax(axis=1))
    out = run(capsys, "emulate", "two.keras", "--data", "one.npz", "--no-trace")[1]
    assert "not scored, for want of labels: fc1." in out and "not scored: there are no labels for this output" in out
    said = ["--task", "fc1=regression,fc2=multilabel"]
    assert run_json(capsys, "emulate", "two.keras", "--data", "both.npz", *said, code=1)["kind"] == "DataError"
    np.savez("odd.npz", x=x, y_fc3=hidden)
    err = run(capsys, "emulate", "two.keras", "--data", "odd.npz")[2]
    assert "odd.npz: unknown key 'y_fc3'. The model, for labels, has 'y_fc1', 'y_fc2'." in err


def test_a_sweep_of_which_every_design_fails_exits_with_1(work, capsys):
    with np.load("X.npz") as given:
        np.savez("one.npz", x=given["x"], y=np.zeros(200, dtype=int))  # one class only: there is no AUC
    (work / "S.yaml").write_text(yaml.safe_dump({"uniform": {"weight": [4, 6]}}))
    argv = ["sweep", "m.keras", "--data", "one.npz", "--space", "S.yaml", "--study", "F.db", "--metric", "auc"]
    data = run_json(capsys, *argv, code=1)
    assert (data["num_new"], data["num_failed"], data["front"]) == (2, 2, [])
    code, out, _ = run(capsys, *[*argv[:-3], "G.db", "--metric", "auc"])
    assert code == 1 and "All of them failed, the last one: the area under the ROC curve needs samples of at le" in out


def test_estimate_prints_the_report(work, capsys):
    design = Design.default(read_model("m.keras"))
    design.save("d.yaml")
    data = run_json(capsys, "estimate", "m.keras", "--design", "d.yaml")
    assert data["total"]["lut"] == estimate(design).total.lut
    assert data["design_key"] == design.key
    assert data["utilisation"]["lut"] > 0
    code, out, _ = run(capsys, "estimate", "m.keras")
    assert code == 0
    assert re.search(r"^total +[\d,]+", out, re.MULTILINE)


def test_estimate_sets_three_tools_side_by_side(work, capsys):
    design = Design.default(read_model("m.keras"))
    data = run_json(capsys, "estimate", "m.keras", "--compare-tools")
    assert [item["tool"] for item in data["tools"]] == ["vitis_hls", "vivado", "yosys"]
    assert data["tools"][0]["total"]["lut"] == estimate(design.with_target(tool="vitis_hls")).total.lut
    code, out, _ = run(capsys, "estimate", "m.keras", "--compare-tools")
    assert (
        code == 0
        and "Vivado, logic synthesis" in out
        and re.search(r"^ *lut +[\d,]+ +[\d,]+ to [\d,]+", out, re.MULTILINE)
    )


def test_estimate_says_what_does_not_fit(work, capsys):
    design = Design.default(read_model("m.keras")).with_target(tool="vivado_hls", part="xc7z007sclg225-1")
    design = design.with_layers({node.name: {"result": "fixed<32,16>"} for node in design.graph.layers})
    design.save("d.yaml")
    _, out, _ = run(capsys, "estimate", "m.keras", "--design", "d.yaml")
    assert "which has" in out and "The design does not fit: " in out


def test_estimate_for_yosys_counts_the_plan_unless_another_level_is_asked_for(work, capsys, monkeypatch):
    monkeypatch.setenv("HLSEXPLORE_CACHE", str(work / "cache"))
    design = Design.default(read_model("m.keras")).with_target(tool="yosys", io="parallel")
    design.save("y.yaml")
    planned = run_json(capsys, "estimate", "m.keras", "--design", "y.yaml")
    assert set(planned["provenance"].values()) == {"planned"}
    quick = run_json(capsys, "estimate", "m.keras", "--design", "y.yaml", "--level", "hls")
    assert quick["total"]["lut"] == estimate(design).total.lut


def test_sweep_front_and_pick_make_a_design_file(work, capsys):
    (work / "S.yaml").write_text("uniform:\n  weight: [3, 6]\n  reuse: [1, 2]\n")
    arguments = ["sweep", "m.keras", "--data", "X.npz", "--space", "S.yaml", "--study", "S.db"]
    data = run_json(capsys, *arguments)
    assert (data["num_new"], data["num_total"], data["num_failed"], data["sampler"]) == (4, 4, 0, "grid")
    assert data["objectives"] == ["accuracy", "lut", "latency_cycles"]
    again = run_json(capsys, *arguments)
    assert (again["num_new"], again["num_done"]) == (0, 4)
    shown = run_json(capsys, "front", "S.db")
    assert [trial["number"] for trial in shown["front"]] == [trial["number"] for trial in data["front"]]
    best = run_json(capsys, "front", "S.db", "--objectives", "accuracy,lut", "--where", "lut>0")["front"][0]
    code, out, _ = run(capsys, "front", "S.db", "--pick", best["number"], "-o", "best.yaml")
    assert (code, out) == (0, f"Wrote the design of trial {best['number']} to best.yaml.\n")
    assert Design.load("best.yaml", read_model("m.keras")).key == best["design_key"]
    assert run(capsys, "front", "S.db", "--csv", "front.csv")[0] == 0
    assert (work / "front.csv").read_text().startswith("number,design_key,accuracy")


def test_sweep_of_a_default_space_and_a_base_design(work, capsys):
    Design.default(read_model("m.keras"), type="fixed<10,4>").save("d.yaml")
    data = run_json(
        capsys,
        "sweep",
        "m.keras",
        "--data",
        "X.npz",
        "--study",
        "S.db",
        "--trials",
        5,
        "--design",
        "d.yaml",
        "--sampler",
        "random",
    )
    assert data["num_new"] == 5
    with Store("S.db") as store:
        assert {trial.config["layers"]["x"]["result"] for trial in store.trials()} == {"fixed<10,4,TRN,SAT>"}


def test_export_and_simulate_compare_with_the_emulator(work, capsys):
    data = run_json(capsys, "export", "m.keras", "--to", "out", "--flow", "rtl")
    assert (data["flow"], data["path"]) == ("rtl", "out")
    assert (work / "out" / "hlsexplore.json").exists()
    data = run_json(capsys, "export", "m.keras", "--to", "cpp", "--data", "X.npz")
    assert data["flow"] == "vitis"
    data = run_json(capsys, "simulate", "cpp", "--out", "Y.npz")
    assert (data["differing"], data["num_samples"]) == (0, 200)
    with np.load("X.npz") as given, np.load("Y.npz") as outputs:
        design = Design.default(read_model("m.keras"))
        np.testing.assert_array_equal(outputs["raw"], emulate_raw(design, given["x"]))
    data = run_json(capsys, "simulate", "cpp", "--data", "X.npz")
    assert data["accuracy"] > 0.95
    assert data["differing"] is None
    with np.load("X.npz") as given:
        wanted = np.round(100 * hlsexplore.predict(read_model("m.keras"), given["x"]))
        np.savez("R.npz", x=given["x"], y=wanted)
        expected = rmse(emulate(design, given["x"]), wanted)
    data = run_json(capsys, "simulate", "cpp", "--data", "R.npz")
    assert (data["rmse"], data["accuracy"]) == (expected, None)


def test_synth_reports_and_calibrate_learns_from_it(work, capsys):
    assert run(capsys, "export", "m.keras", "--to", "out", "--flow", "rtl")[0] == 0
    report = run_json(capsys, "synth", "out", "--tool", "yosys")
    assert (report["source"], report["total"]["lut"] > 0) == ("yosys", True)
    learnt = run_json(capsys, "calibrate", "out")
    assert learnt["observations"] == learnt["new"] == 1
    assert run_json(capsys, "calibrate", "out")["new"] == 0


def test_doctor_tells_what_is_there(capsys):
    data = run_json(capsys, "doctor")
    names = {item["name"]: item["found"] for item in data["findings"]}
    assert names["numpy"]
    assert data["can"]["emulate"]


def test_version_and_help_go_to_stdout(capsys):
    assert run(capsys, "--version") == (0, f"hlsexplore {hlsexplore.__version__}\n", "")
    code, out, err = run(capsys, "--help")
    assert (code, err) == (0, "")
    commands = [
        "inspect",
        "init",
        "propose",
        "emulate",
        "estimate",
        "sweep",
        "front",
        "export",
        "simulate",
        "synth",
        "doctor",
        "lab",
        "app",
    ]
    assert [name for name in commands if f"\n    {name}" not in out] == []
    for name in [*commands, "calibrate", "demo"]:
        assert run(capsys, name, "--help")[0] == 0


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
def test_wrong_usage_is_one_message_and_exit_code_2(work, capsys, argv, message):
    code, out, err = run(capsys, *argv)
    assert (code, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1


def truncate(path):
    path.write_bytes(path.read_bytes()[:-300])


def npy(array):
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def hostile():
    """(name, what makes the folder hostile, command, message): the broken inputs that every user meets once."""
    design = ["--design", "d.yaml"]
    emulate = ["emulate", "m.keras", "--data", "X.npz"]
    sweep = ["sweep", "m.keras", "--data", "X.npz", "--study", "S.db"]

    def yaml_file(name, document):
        return lambda work: (work / name).write_text(yaml.safe_dump(document))

    def arrays(**values):
        return lambda work: np.savez(work / "X.npz", **values)

    good = np.zeros((3, SHAPE))
    return [
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
            ["estimate", "m.keras", *design],
            "d.yaml: layer 'fc1': unknown key 'wieght'. A dense layer has 'weight', 'bias', 'accum', 'result', 'reuse', 'strategy', 'density', 'pattern', 'mask'. Did you mean 'weight'?",
        ),
        (
            "unknown layer",
            yaml_file("d.yaml", {"layers": {"fc3": {}}}),
            ["estimate", "m.keras", *design],
            "d.yaml: unknown layer 'fc3'.",
        ),
        (
            "unknown section",
            yaml_file("d.yaml", {"layer": {}}),
            ["estimate", "m.keras", *design],
            "Did you mean 'layers'?",
        ),
        (
            "bad yaml",
            lambda w: (w / "d.yaml").write_text("layers: [1,"),
            ["estimate", "m.keras", *design],
            "d.yaml is not valid YAML",
        ),
        (
            "python yaml",
            lambda w: (w / "d.yaml").write_text("layers: !!python/object/apply:os.system ['touch y']"),
            ["estimate", "m.keras", *design],
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
            ["estimate", "m.keras", *design],
            "d.yaml: layer 'fc1': reuse=7 does not divide the 48 multiplications of this layer. Valid values near 7: 6, 12.",
        ),
        ("no data", lambda w: (w / "X.npz").unlink(), emulate, "there is no file 'X.npz'."),
        (
            "wrong shape",
            arrays(x=np.zeros((3, 5))),
            emulate,
            "X.npz: input 'x' needs samples of shape (samples, 6), not (3, 5).",
        ),
        ("no x", arrays(X=good), emulate, "X.npz: unknown key 'x'. The file has 'X'."),
        (
            "nan data",
            arrays(x=np.full((3, SHAPE), np.nan)),
            emulate,
            "X.npz: input 'x': 18 of 18 values are NaN or infinite. Remove such samples first.",
        ),
        (
            "text data",
            arrays(x=np.array([["a"] * SHAPE])),
            emulate,
            "X.npz: the samples of input 'x': real numbers are needed, not texts",
        ),
        (
            "pickled data",
            arrays(x=np.array([{"a": 1}], dtype=object)),
            emulate,
            "X.npz cannot be read: Object arrays cannot be loaded when allow_pickle=False.",
        ),
        ("truncated data", lambda w: truncate(w / "X.npz"), emulate, "X.npz cannot be read: "),
        ("npy data", lambda w: (w / "X.npz").write_bytes(npy(good)), emulate, "X.npz holds a single array."),
        ("few labels", arrays(x=good, y=[0, 1]), emulate, "X.npz: there are 2 labels for 3 samples."),
        ("odd labels", arrays(x=good, y=[0, 1, 9]), emulate, "labels must be class numbers from 0 to 3, not 9."),
        ("text labels", arrays(x=good, y=["a", "b", "c"]), emulate, "X.npz: the labels are texts such as 'a'."),
        (
            "unknown space key",
            yaml_file("S.yaml", {"uniform": {"wieght": [4]}}),
            [*sweep, "--space", "S.yaml"],
            "section 'uniform' of the space: unknown key 'wieght'.",
        ),
        (
            "bad space",
            yaml_file("S.yaml", {"unifrom": {}}),
            [*sweep, "--space", "S.yaml"],
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
            sweep,
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
            [*emulate, "--out", "none/Y.npz"],
            "cannot write none/Y.npz: No such file or directory.",
        ),
        (
            "design in a missing folder",
            lambda w: None,
            ["init", "m.keras", "-o", "none/d.yaml"],
            "cannot write none/d.yaml: No such file or directory.",
        ),
        ("unknown example", lambda w: None, ["demo", "--example", "shutle"], "Did you mean 'shuttle'?"),
        ("unknown sampler", lambda w: None, [*sweep, "--sampler", "rnadom"], "Did you mean 'random'?"),
        ("unknown metric", lambda w: None, [*sweep, "--metric", "acuracy"], "Did you mean 'accuracy'?"),
        ("unknown objective", lambda w: None, [*sweep, "--objectives", "luts"], "Did you mean 'lut'?"),
    ]


@pytest.mark.parametrize(
    ("prepare", "argv", "message"), [case[1:] for case in hostile()], ids=[case[0] for case in hostile()]
)
def test_a_broken_input_is_one_clear_error_and_exit_code_1(work, capsys, prepare, argv, message):
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


def test_a_hostile_layer_name_reaches_no_shell_and_no_terminal(work, capsys):
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


def test_debug_adds_the_traceback(work, capsys):
    code, _, err = run(capsys, "estimate", "none.keras", "--debug")
    assert code == 1
    assert "Traceback (most recent call last)" in err
    assert err.rstrip().splitlines()[-1].startswith("hlsexplore estimate: the model file")


def test_json_may_stand_before_the_command(work, capsys):
    code, out, _ = run(capsys, "--json", "inspect", "m.keras")
    assert code == 0
    assert json.loads(out)["name"] == "net"


def command(*argv):
    return [sys.executable, "-m", "hlsexplore", *map(str, argv)]


def test_the_module_runs_as_a_program_with_clean_streams(work):
    done = subprocess.run(command("inspect", "m.keras", "--json"), capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["is_supported"] is True
    done = subprocess.run(command("inspect", "none.keras"), capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("hlsexplore inspect: the model file 'none.keras' does not exist.")


def test_a_closed_pipe_ends_quietly(work):
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(command("inspect", "m.keras"), stdout=write, stderr=subprocess.PIPE, text=True, timeout=60)
    os.close(write)
    assert (done.returncode, done.stderr) == (141, "")


@pytest.mark.parametrize(
    ("argv", "limit", "message"),
    [
        (["export", "m.keras", "--to", "out", "--flow", "rtl"], 4096, "cannot write the project 'out': "),
        (["export", "m.keras", "--to", "old", "--flow", "vitis"], 4096, "cannot write the project 'old': "),
        (["emulate", "m.keras", "--data", "X.npz", "--out", "Y.npz"], 512, "cannot write Y.npz: File too large."),
        (["init", "m.keras", "-o", "d.yaml"], 100, "cannot write d.yaml: File too large."),
        (
            ["sweep", "m.keras", "--data", "X.npz", "--study", "S.db", "--trials", "5"],
            4096,
            "the study 'S.db' could not",
        ),
        (["simulate", "old"], 1024, "File too large"),
    ],
    ids=["export", "export again", "emulate", "init", "sweep", "simulate"],
)
def test_a_full_disk_is_one_clear_error_and_nothing_is_lost(work, capsys, argv, limit, message):
    assert run(capsys, "export", "m.keras", "--to", "old", "--flow", "rtl")[0] == 0
    (work / "d.yaml").unlink(missing_ok=True)
    before = {path: path.read_bytes() for path in work.rglob("*") if path.is_file()}

    def limited():
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    done = subprocess.run(command(*argv), capture_output=True, text=True, timeout=120, preexec_fn=limited)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"hlsexplore {argv[0]}: ") and message in done.stderr
    assert "Traceback" not in done.stderr
    after = {path: path.read_bytes() for path in before}
    assert after == before
    new = {path.name for path in work.iterdir()} - {path.relative_to(work).parts[0] for path in before}
    assert {name for name in new if not name.startswith("S.db")} == set()


SWEEP = ["sweep", "m.keras", "--data", "X.npz", "--space", "S.yaml", "--study", "S.db", "--progress"]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_ctrl_c_cancels_a_sweep_and_keeps_what_was_found(work, number, code):
    widths = list(range(2, 34))
    (work / "S.yaml").write_text(yaml.safe_dump({"per_layer": {"weight": widths}, "uniform": {"result": widths}}))
    with subprocess.Popen(
        command(*SWEEP, "--trials", 20000), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        for line in process.stderr:
            if "/20000 designs" in line:
                break
        process.send_signal(number)
        rest = process.communicate(timeout=60)
    assert process.returncode == code
    assert rest[0] == ""
    last = rest[1].rstrip().splitlines()[-1]
    count = int(
        re.fullmatch(
            r"hlsexplore sweep: the sweep was cancelled after (\d+) of 20000 designs; all of them are kept\.", last
        )[1]
    )
    with Store(work / "S.db", must_exist=True) as store:
        assert len(store) == count > 0


def test_progress_is_silent_without_a_terminal(work):
    (work / "S.yaml").write_text(yaml.safe_dump({"per_layer": {"weight": list(range(2, 22))}}))
    arguments = [item for item in SWEEP if item != "--progress"]
    done = subprocess.run(command(*arguments), capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    start = time.monotonic()
    done = subprocess.run(command("doctor", "--json"), capture_output=True, text=True, timeout=120)
    assert json.loads(done.stdout)
    assert time.monotonic() - start < 60


@pytest.mark.parametrize(
    "argv",
    [["--help"], ["inspect", "m.keras"], ["inspect", "m.keras", "--json"], ["doctor"], ["inspect", "none.keras"]],
)
def test_output_that_a_full_disk_does_not_take_is_one_error(work, argv):
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command(*argv), stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1 and done.stderr.startswith("hlsexplore")
    assert "No space left on device" in done.stderr or "does not exist" in done.stderr


@pytest.mark.parametrize("argv", [["--help"], ["inspect", "m.keras", "--json"], ["inspect", "none.keras", "--json"]])
def test_reader_that_has_gone_ends_the_command_quietly(work, argv):
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(command(*argv), stdout=write, stderr=subprocess.PIPE, text=True, timeout=60)
    os.close(write)
    assert (done.returncode, done.stderr) == (141, "")


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_standard_streams_do_no_harm(work, closed):
    """A file that is opened later would take the place of a closed stream, and get what is meant for it."""
    sweep = command("sweep", "m.keras", "--data", "X.npz", "--study", "S.db", "--trials", "3")
    words = " ".join(f"'{word}'" for word in sweep)
    done = subprocess.run(["sh", "-c", f"{words} {closed}"], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    with Store("S.db", must_exist=True) as store:
        assert len(store) == 3
    missing = " ".join(f"'{word}'" for word in command("inspect", "none.keras"))
    done = subprocess.run(["sh", "-c", f"{missing} {closed}"], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (1, "")
