"""The command line: what each command does, in this process."""

import csv
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest
import yaml
from cli_kit import SHAPE, run, run_json, write_model

import hlsexplore
from hlsexplore.design import Design
from hlsexplore.emulate import emulate, emulate_raw, float_forward
from hlsexplore.estimate import estimate
from hlsexplore.importers import read_model
from hlsexplore.metrics import accuracy, agreement, relative_error, rmse, spread
from hlsexplore.study.store import Store


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


def test_inspect_says_what_is_proven_equal(capsys):
    path = str(Path(__file__).parent / "data" / "brevitas" / "mlp.onnx")
    found = run_json(capsys, "inspect", path)
    assert found["requantizations"] == {"proven_equal": ["3", "5"], "proof_lost": [], "not_proven": []}
    code, out, _ = run(capsys, "inspect", path)
    assert code == 0
    assert "Proven equal: 2 of 2 requantizations" in out


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


def test_what_constant_targets_are_compared_with_has_its_name(work, capsys):
    with np.load("X.npz") as given:
        x = given["x"]
    np.savez("C.npz", x=x, y=np.full((len(x), 4), 7.25))
    data = run_json(capsys, "emulate", "m.keras", "--data", "C.npz", "--no-trace", "--task", "regression")
    assert data["rmse_relative"] == data["rmse"] / 7.25 and data["rmse_relative_to"] == "magnitude"
    out = run(capsys, "emulate", "m.keras", "--data", "C.npz", "--no-trace", "--task", "regression")[1]
    assert "% of the magnitude of the wanted values  (float network: " in out


def test_samples_of_any_size_give_no_warning(work, capsys):
    with np.load("X.npz") as given:
        x = given["x"].astype(float)
        y = given["y"]
    x[3, 1], x[4, 2], x[5] = 1e300, -1e300, 1e-310
    np.savez("B.npz", x=x, y=y)
    (work / "S.yaml").write_text(yaml.safe_dump({"uniform": {"weight": [4, 6]}}))
    assert run_json(capsys, "emulate", "m.keras", "--data", "B.npz")["accuracy"] > 0.9
    run_json(capsys, "init", "m.keras", "--data", "B.npz", "-o", "B.yaml")
    run_json(capsys, "propose", "m.keras", "--data", "B.npz", "-o", "P.yaml")
    argv = ["sweep", "m.keras", "--data", "B.npz", "--space", "S.yaml", "--study", "B.db"]
    assert run_json(capsys, *argv)["num_failed"] == 0


def test_an_estimate_for_an_unknown_part_says_that_the_fit_is_unknown(work, capsys):
    run_json(capsys, "init", "m.keras", "-o", "U.yaml", "--part", "xc7z999clg400-1")
    data = run_json(capsys, "estimate", "m.keras", "--design", "U.yaml")
    assert data["notes"][-1].startswith(
        "Whether the design fits is not known: part 'xc7z999clg400-1' is not in the device table. Known parts of its "
        "family: xc7z007s, "
    )


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["export", "m.keras", "-o", "out"], "required: --to. Instead of '-o', did you mean '--to'?"),
        (["export", "m.keras", "--to", "out", "--output=x"], "--output=x. Instead of '--output', did you mean '--to'?"),
        (["emulate", "m.keras", "--data", "X.npz", "-o", "y.npz"], "-o y.npz. Instead of '-o', did you mean '--out'?"),
        (["init", "m.keras", "--to", "d.yaml"], "--to d.yaml. Instead of '--to', did you mean '--output'?"),
        (
            ["front", "S.db", "--objectve", "lut"],
            "--objectve lut. Instead of '--objectve', did you mean '--objectives'?",
        ),
    ],
)
def test_an_option_of_another_command_is_answered_by_the_one_of_this(work, capsys, argv, message):
    code, _, err = run(capsys, *argv)
    assert code == 2 and f"{message} See 'hlsexplore {argv[0]} --help'." in err


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
    assert re.search(r"^total +[\d,]+( +[\d,]+)* *$", out, re.MULTILINE), "what is counted is shown whole"


def test_estimate_sets_three_tools_side_by_side(work, capsys):
    design = Design.default(read_model("m.keras"))
    data = run_json(capsys, "estimate", "m.keras", "--compare-tools")
    assert [item["tool"] for item in data["tools"]] == ["vitis_hls", "vivado", "yosys"]
    assert data["tools"][0]["total"]["lut"] == estimate(design.with_target(tool="vitis_hls")).total.lut
    code, out, _ = run(capsys, "estimate", "m.keras", "--compare-tools")
    assert "Vivado's logic synthesis took 46 % of the reported LUT" in " ".join(out.split())
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
    code, out, _ = run(capsys, "front", "S.db", "--objectives", "lut", "--csv", "front.csv")
    assert code == 0
    assert f" {round(min(trial['metrics']['lut'] for trial in data['front'])):,} " in out.splitlines()[-3], "whole LUTs"
    assert (work / "front.csv").read_text().startswith("number,design_key,accuracy")
    rows = list(csv.DictReader((work / "front.csv").read_text().splitlines()))
    count = len(np.load(work / "X.npz")["x"])
    assert {row["samples"] for row in rows} == {str(count)}
    assert any(line.split()[-2:] == ["samples", "note"] for line in out.splitlines())
    assert run_json(capsys, *arguments, "--no-race")["num_partial"] == 0


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


def test_export_for_hls4ml_names_the_back_end_and_what_disagrees(work, capsys):
    argv = ["export", "m.keras", "--to", "out", "--flow", "hls4ml", "--interface", "pynq-z2"]
    note = "the board 'pynq-z2' has the part 'xc7z020clg400-1', the design is for 'xcvu13p-flga2577-2-e'"
    data = run_json(capsys, *argv)
    assert (data["interface"], data["backend"]) == ("pynq-z2", "VivadoAccelerator (pynq-z2)")
    assert data["notes"][0].startswith(note)
    shown = run(capsys, *argv, "--force")[1]
    assert ", back end VivadoAccelerator (pynq-z2)." in shown and f"  - {note}" in shown


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
