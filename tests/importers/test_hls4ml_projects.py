"""Projects that hls4ml wrote, read back: the same integers as the design that went in, and as its compiled C++."""

import gzip
import io
import json
import re
import tarfile
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
from agreement.cases import CASES
from agreement.kit import mismatches
from hls4ml_kit import edit, flat, small_design, written

import hlsexplore as hx
from hlsexplore.emulate.run import raw_outputs
from hlsexplore.errors import ModelError, UnsupportedError
from hlsexplore.foreign_design import read_foreign_design
from hlsexplore.graph import Graph, Node
from hlsexplore.importers.hls4ml.network import element_type, parse_configs, product
from hlsexplore.importers.hls4ml.plain_yaml import plain_yaml
from hlsexplore.ops import Affine, Conv, DepthwiseConv, Input

oracle = pytest.importorskip("agreement.oracle_hls4ml", reason="needs hls4ml")
pytestmark = pytest.mark.skipif(not oracle.is_available(), reason="needs hls4ml and a C++ compiler")
GROUPS = 8


@pytest.mark.parametrize("group", range(GROUPS))
def test_what_hls4ml_writes_is_read_as_the_design_that_went_in(group, tmp_path: Path) -> None:
    chosen = [
        case
        for case in CASES
        if not (case.differs or case.is_slow) and zlib.crc32(case.name.encode()) % GROUPS == group
    ]
    problems = []
    for case in chosen[:: 1 if group == 0 else 3]:
        design, x = case.make()
        folder = tmp_path / case.name
        written(design, folder)
        back = hx.read_design(folder)
        inputs = back.graph.inputs
        arrays = list(x.values()) if isinstance(x, dict) else [x] if len(inputs) == 1 else list(x)
        data = {node.name: np.reshape(a, (len(a), *node.shape)) for node, a in zip(inputs, arrays, strict=True)}
        found = flat(raw_outputs(back, data if len(inputs) > 1 else data[inputs[0].name]))
        problems += mismatches(case.name, flat(raw_outputs(design, x)), found, "the project")
        assert (back.target.io, back.target.clock_ns) == (design.target.io, 5.0)
    assert chosen and problems == []


@pytest.fixture
def project(tmp_path: Path):
    design, x = small_design()
    model = written(design, tmp_path / "prj")
    return tmp_path / "prj", design, x, model


def test_design_has_types_knobs_and_target_of_the_project(project) -> None:
    folder, design, _, _ = project
    back = hx.read_design(folder)
    for name in ("fc", "act", "out"):
        assert dict(back.layers[f"c0_{name}"].types) == dict(design.layers[name].types)
        assert back.layers[f"c0_{name}"].table_size == design.layers[name].table_size
    assert (back.layers["c0_fc"].reuse, back.layers["c0_fc"].strategy) == (3, "resource")
    assert (back.target.part, back.target.tool) == ("xcku115-flvb2104-2-i", "vivado_hls")


def test_archive_of_a_project_is_the_project(project, tmp_path: Path) -> None:
    folder, _, _, _ = project
    with tarfile.open(tmp_path / "p.tar.gz", "w:gz") as archive:
        archive.add(folder, arcname="some/where/prj")
    assert hx.read_design(tmp_path / "p.tar.gz") == hx.read_design(folder)
    assert hx.read_model(tmp_path / "p.tar.gz").digest == hx.read_model(folder).digest


def test_saved_model_is_read_without_its_cpp(project, tmp_path: Path) -> None:
    folder, _, x, model = project
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.save(tmp_path / "m.fml")
    back = hx.read_design(tmp_path / "m.fml")
    np.testing.assert_array_equal(hx.emulate(back, x), hx.emulate(hx.read_design(folder), x))


def test_a_weight_header_serves_where_the_text_is_missing(project) -> None:
    folder, _, x, _ = project
    before = hx.emulate(hx.read_design(folder), x)
    for path in (folder / "firmware" / "weights").glob("*.txt"):
        path.unlink()
        header = path.with_suffix(".h")  # the option Namespace of hls4ml puts the numbers into one
        header.write_text(re.sub(r"\n(?=\S+ \w+\[)", "\nnamespace emulator_v3 {\n", header.read_text()) + "\n}\n")
    np.testing.assert_array_equal(hx.emulate(hx.read_design(folder), x), before)


def test_notes_say_where_the_weights_come_from(project) -> None:
    notes = read_foreign_design(project[0]).notes
    assert any("text files" in note for note in notes) and not any("wrap" in note for note in notes)


def test_types_written_in_place_as_before_version_1_are_the_same_design(project) -> None:
    folder, _, _, _ = project
    before = hx.read_design(folder)
    path = folder / "firmware" / "parameters.h"
    text = path.read_text()
    for type_, name in re.findall(r"typedef (ap_u?fixed<[^;]+>) (\w+);", (folder / "firmware/defines.h").read_text()):
        text = re.sub(rf"typedef {name} (\w+);", f"typedef {type_} \\1;", text)
    assert text != path.read_text() and "accum_t accum_t" not in text
    path.write_text(text)
    assert hx.read_design(folder) == before


def test_softmax_without_a_sum_type_adds_in_its_table_s_type(project) -> None:
    folder = project[0]
    for name in ("accum_t", "inv_inp_t", "inp_norm_t"):
        edit(folder, "parameters.h", f"typedef c0_out_{name} {name};", "")
    found = read_foreign_design(folder)
    types = found.design.layers["c0_out"].types
    assert types["accum"] == types["inv_input"] == types["exp_table"]
    assert any(note.startswith("layer 'c0_out': its softmax is of an hls4ml before 1.2") for note in found.notes)


def test_distance_of_a_softmax_is_taken_over_and_a_wrap_is_said(project) -> None:
    folder = project[0]
    edit(folder, "defines.h", "ap_fixed<16,1,AP_TRN,AP_SAT,0> layer3_t", "ap_fixed<16,4,AP_TRN,AP_SAT,0> layer3_t")
    edit(folder, "defines.h", "ap_ufixed<15,0,AP_TRN,AP_SAT,0> c0_out_inp_norm_t", "ap_ufixed<14,2> c0_out_inp_norm_t")
    found = read_foreign_design(folder)
    assert found.design.layers["c0_out"].exp_integer == 2
    assert "layer 'c0_out': distances between its logits wrap at 4 in hls4ml's C++; here they saturate." in found.notes


def test_only_the_top_function_is_read_and_an_input_may_be_filled_by_hand(project) -> None:
    folder, _, x, _ = project
    before = hx.emulate(hx.read_design(folder), x)
    path = folder / "firmware" / "oracle.cpp"
    text = path.read_text()
    path.write_text(f"{text}\nint main() {{\n    nnet::copy_data<float, input_t, 0, 6>(a, b);\n}}\n")
    np.testing.assert_array_equal(hx.emulate(hx.read_design(folder), x), before)
    start = text.index(") {")
    port = re.search(r"(\w+) c0_x\[[^\]]+\]", text)[0]
    inside = f") {{\n    {port};\n    for (int i = 0; i < 6; i++) {{ c0_x[i] = raw[i]; }}\n"
    path.write_text(text[:start].replace(port, "int raw[6]") + inside + text[start + 3 :])
    found = read_foreign_design(folder)
    np.testing.assert_array_equal(hx.emulate(found.design, x), before)
    assert "input 'c0_x' is filled by code of the project's own, which is not read." in found.notes


def test_remarks_and_helpers_are_no_layers(project) -> None:
    folder = project[0]
    before = hx.read_design(folder)
    path = folder / "firmware" / "oracle.cpp"
    helper = "void helper(int a[CONFIG_T::n], int b) {\n    a[0] = b;\n}\n"
    remarks = "    // nnet::relu<a_t, b_t, c>(layer2_out, layer9_out);\n/* nnet::tanh<a_t, b_t, c>(x, y); // t\n */\n"
    text = path.read_text()
    at = text.index("nnet::dense<")
    path.write_text(helper + text[:at].rstrip(" ") + remarks + "    " + text[at:])
    assert hx.read_design(folder) == before


def test_functions_of_the_first_versions_name_the_strategy(project) -> None:
    folder, _, x, _ = project
    before = hx.emulate(hx.read_design(folder), x)
    edit(folder, "oracle.cpp", "nnet::dense<", "nnet::dense_large<")
    text = (folder / "firmware/parameters.h").read_text()
    (folder / "firmware/parameters.h").write_text(re.sub(r"\n[^\n]*strategy = [^\n]*", "", text))
    design = hx.read_design(folder)
    assert next(c.strategy for c in design.layers.values() if "weight" in c.types) == "resource"
    np.testing.assert_array_equal(hx.emulate(design, x), before)


def test_a_separable_convolution_of_a_stream_is_its_two_convolutions(tmp_path: Path) -> None:
    rng = np.random.default_rng(8)
    depthwise = DepthwiseConv(
        kernel=rng.normal(size=(3, 3, 2, 1)), bias=np.zeros(2), stride=(1, 1), padding=((0, 0), (0, 0)), rank=2
    )
    pointwise = Conv(
        kernel=rng.normal(size=(1, 1, 2, 3)), bias=rng.normal(size=3), stride=(1, 1), padding=((0, 0), (0, 0)), rank=2
    )
    nodes = (
        Node(name="x", op=Input(), inputs=(), shape=(6, 5, 2)),
        Node(name="dw", op=depthwise, inputs=("x",), shape=(4, 3, 2)),
        Node(name="pw", op=pointwise, inputs=("dw",), shape=(4, 3, 3)),
    )
    folder = tmp_path / "prj"
    written(hx.Design.default(Graph(name="separable", nodes=nodes, outputs=("pw",)), hx.Target(io="stream")), folder)
    x = rng.normal(size=(20, 6, 5, 2))
    before = hx.emulate(hx.read_design(folder), x)
    path = folder / "firmware" / "oracle.cpp"
    calls = list(
        re.finditer(r"nnet::(?:depthwise_|pointwise_)?conv_2d_cl<([^>]*)>\(([^)]*)\);[^\n]*", path.read_text())
    )
    (source, between, first), (_, result, second) = ([t.strip() for t in call[1].split(",")] for call in calls)
    (given, _, depth, zero), (_, output, point, bias) = ([t.strip() for t in call[2].split(",")] for call in calls)
    joined = (
        f"nnet::separable_conv_2d_cl<{source}, {between}, {result}, both>"
        f"({given}, {output}, {depth}, {point}, {zero}, {bias}); // separable"
    )
    path.write_text(path.read_text().replace(calls[0][0], "").replace(calls[1][0], joined))
    both = f"struct both {{\n    typedef {first} depthwise_config;\n    typedef {second} pointwise_config;\n}};\n"
    parameters = folder / "firmware" / "parameters.h"
    parameters.write_text(parameters.read_text() + both)
    back = hx.read_design(folder)
    np.testing.assert_array_equal(hx.emulate(back, x), before)
    assert [node.name for node in back.graph][1:] == ["separable_dw", "separable"]
    path.write_text(path.read_text().replace(f", {zero}, {bias})", f", {bias})"))
    with pytest.raises(ModelError, match="its separable convolution was edited"):
        hx.read_design(folder)


def test_first_versions_keep_all_types_in_parameters(project) -> None:
    folder = project[0]
    before = hx.read_design(folder)
    defines, parameters = folder / "firmware/defines.h", folder / "firmware/parameters.h"
    parameters.write_text(defines.read_text() + parameters.read_text())
    defines.unlink()
    assert hx.read_design(folder) == before


def test_functions_of_a_branch_with_other_streams_are_read_as_the_ones_they_stand_for(project) -> None:
    folder = project[0]
    before = hx.read_design(folder)
    edit(folder, "oracle.cpp", "nnet::tanh<", "nnet::tanh_me<")
    edit(folder, "oracle.cpp", "nnet::dense<", "nnet::dense_ss<")
    found = read_foreign_design(folder)
    assert found.design == before
    assert "dense_ss, tanh_me: of a branch of hls4ml, read as the functions without that suffix." in found.notes
    edit(folder, "oracle.cpp", "nnet::tanh_me<", "nnet::film_ss<")
    with pytest.raises(UnsupportedError, match="nnet::film_ss is not read"):
        hx.read_design(folder)


def test_output_that_code_of_the_project_makes_is_that_of_the_last_layer(project) -> None:
    folder = project[0]
    before = hx.read_design(folder)
    path = folder / "firmware" / "oracle.cpp"
    text = path.read_text()
    output = re.search(r"nnet::softmax<[^>]*>\(\w+, (\w+)\)", text)[1]
    own = f"    {output}[0] = own_out[0];\n}}"
    text = re.sub(rf"(nnet::softmax<[^>]*>\(\w+, ){output}\)", r"\1own_out)", text)
    path.write_text(text[: text.rindex("}")] + own + "\n")
    found = read_foreign_design(folder)
    assert found.design.graph.outputs == before.graph.outputs
    assert "the output is made of 'own_out' by code of the project's own, which is not read." in found.notes


def test_an_input_that_nothing_connects_is_taken_for_the_input(project) -> None:
    folder, _, x, _ = project
    before = hx.emulate(hx.read_design(folder), x)
    path = folder / "firmware" / "oracle.cpp"
    text = path.read_text()
    call = re.search(r"    nnet::dense<(\w+), [^>]*>\((\w+),", text)
    lost = f"    {call[1]} lost_input[6];\n" + call[0].replace(f"({call[2]},", "(lost_input,")
    path.write_text(text.replace(call[0], lost))
    found = read_foreign_design(folder)
    np.testing.assert_array_equal(hx.emulate(found.design, x), before)
    assert "nothing fills 'lost_input', which the first layer reads: it is taken for the input." in found.notes
    path.write_text(text.replace(call[0], lost.replace("[6]", "[4]")))
    with pytest.raises(UnsupportedError, match="no layer gives 'lost_input'"):
        hx.read_design(folder)


def test_weights_that_a_header_only_includes_are_missing(project) -> None:
    folder = project[0]
    for path in (folder / "firmware" / "weights").glob("w2.*"):
        path.unlink()
    (folder / "firmware/weights/w2.h").write_text('static weight2_t w2[24] = {\n#include "w2.txt"\n};\n')
    with pytest.raises(UnsupportedError, match="the numbers of the kernel .w2. are not in the project"):
        hx.read_design(folder)


def test_normalisation_folded_along_the_wrong_axis_is_named(tmp_path: Path) -> None:
    case = next(case for case in CASES if case.name == "depthwise2d_valid_parallel_exact")
    design, _ = case.make()
    written(design, tmp_path / "prj")
    path = tmp_path / "prj/firmware/weights/w2.txt"
    channels = design.graph.inputs[0].shape[-1]
    path.write_text(", ".join([path.read_text().strip()] * channels))
    with pytest.raises(UnsupportedError, match="folded a batch normalisation into it along the wrong axis"):
        hx.read_design(tmp_path / "prj")


def test_formulas_are_no_layers(project) -> None:
    (project[0] / "hls4ml_config.yml").write_text("Backend: SymbolicExpression\nHLSConfig: {Model: {}}\n")
    with pytest.raises(ModelError, match="of the back end SymbolicExpression: it computes formulas"):
        hx.read_design(project[0])


def test_a_top_function_without_layers_or_outputs_is_one_sentence(project) -> None:
    folder = project[0]
    edit(folder, "oracle.cpp", "nnet::softmax<", "// nnet::softmax<")
    with pytest.raises(ModelError, match="no layer .* gives an output of its top function"):
        hx.read_design(folder)
    (folder / "firmware" / "oracle.cpp").write_text("void oracle(int x[3]) {\n    trees.decide(x);\n}\n")
    with pytest.raises(ModelError, match="no function in its C\\+\\+ calls a layer"):
        hx.read_design(folder)


def test_scales_stored_as_powers_of_two_are_those_numbers(tmp_path: Path) -> None:
    scale = np.array([0.25, -2.0, 1.0, 0.0625])
    nodes = (
        Node(name="x", op=Input(), inputs=(), shape=(4,)),
        Node(name="bn", op=Affine(kernel=scale, bias=np.arange(4) / 8), inputs=("x",), shape=(4,)),
    )
    design = hx.Design.default(Graph(name="scaled", nodes=nodes, outputs=("bn",)))
    design = design.with_layer("bn", weight="fixed<9,4>", bias="fixed<8,4>", result="fixed<20,8>")
    folder = tmp_path / "prj"
    written(design, folder)
    x = np.random.default_rng(3).normal(0, 3, (60, 4))
    before = hx.emulate(hx.read_design(folder), x)
    (folder / "firmware/weights/s2.txt").write_text("{1.0, -2}, {-1.0, 1}, {1.0, 0}, {1.0, -4}")
    edit(folder, "parameters.h", "product::mult", "product::weight_exponential")
    path = folder / "firmware" / "parameters.h"
    path.write_text(re.sub(r"typedef \w+ scale_t", "typedef exponent_scale2_t scale_t", path.read_text()))
    edit(
        folder,
        "defines.h",
        "#endif",
        "typedef struct exponent_scale2_t {ap_uint<1> sign;ap_int<4> weight; } exponent_scale2_t;\n#endif",
    )
    back = hx.read_design(folder)
    np.testing.assert_array_equal(hx.emulate(back, x), before)
    assert [str(config.types["weight"]) for config in back.layers.values() if "weight" in config.types] == [
        "fixed<7,3>"
    ]
    edit(folder, "defines.h", "ap_int<4> weight", "ap_int<1> weight")
    (folder / "firmware/weights/s2.txt").write_text("{1.0, -12}, {-1.0, 1}, {1.0, 0}, {1.0, -4}")
    with pytest.raises(UnsupportedError, match="its shifts leave the range of hls4ml's product"):
        hx.read_design(folder)
    (folder / "firmware/weights/s2.txt").write_text("0.25, -2.0, 0.0, 0.0625")
    with pytest.raises(UnsupportedError, match="its weights are no powers of two"):
        hx.read_design(folder)


@pytest.mark.parametrize(
    ("break_it", "message"),
    [
        (lambda f: (f / "firmware" / "parameters.h").unlink(), "is half an hls4ml project"),
        (lambda f: (f / "firmware" / "defines.h").unlink(), "has no 'firmware/defines.h'"),
        (lambda f: (f / "firmware" / "oracle.cpp").unlink(), "has no C++ in firmware/"),
        (lambda f: [p.unlink() for p in (f / "firmware" / "weights").iterdir()], "the numbers of the kernel"),
        (lambda f: edit(f, "oracle.cpp", "nnet::tanh<", "nnet::my_own<"), "nnet::my_own is not read"),
        (lambda f: edit(f, "parameters.h", "n_out = 4", "n_out = 5"), "has 24 numbers, but the layer needs 30"),
        (
            lambda f: edit(f, "oracle.cpp", "(layer2_out, layer3_out)", "(layer9_out, layer3_out)"),
            "no layer gives 'layer9_out'",
        ),
    ],
    ids=["parameters", "defines", "source", "weights", "function", "sizes", "variable"],
)
def test_half_a_project_or_an_edited_one_is_one_sentence(project, break_it, message: str) -> None:
    folder = project[0]
    break_it(folder)
    with pytest.raises(
        (ModelError, UnsupportedError), match=message.replace("(", r"\(").replace(")", r"\)").replace("+", r"\+")
    ):
        hx.read_design(folder)


def test_other_archives_are_no_projects(tmp_path: Path) -> None:
    (tmp_path / "a.gz").write_bytes(gzip.compress(b"hello"))
    with pytest.raises(ModelError, match="is a compressed archive .* cannot be read"):
        hx.read_model(tmp_path / "a.gz")
    with tarfile.open(tmp_path / "b.tar.gz", "w:gz") as archive:
        archive.addfile(tarfile.TarInfo("readme"), io.BytesIO())
    with pytest.raises(ModelError, match="It holds no hls4ml project"):
        hx.read_model(tmp_path / "b.tar.gz")


def test_members_are_read_by_name_and_never_extracted(project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, _, _, _ = project
    with tarfile.open(tmp_path / "p.tar.gz", "w:gz") as archive:
        archive.add(folder, arcname="prj")
        link = tarfile.TarInfo("prj/firmware/weights/w2.txt")
        link.type, link.linkname = tarfile.SYMTYPE, "../../../elsewhere"
        archive.addfile(link)
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    hx.read_design(tmp_path / "p.tar.gz")
    assert sorted(tmp_path.rglob("*")) == before


def test_yaml_tags_and_object_dumps_are_plain_data() -> None:
    text = "KerasModel: !keras_model 'm.keras'\nOnnxModel: !!python/object:some.Thing\n  state: {a: [1, 2]}\nt: !!python/tuple [1]\n"
    found = plain_yaml(text, "c.yml")
    assert json.dumps(found) == '{"KerasModel": "m.keras", "OnnxModel": {"state": {"a": [1, 2]}}, "t": [1]}'
    with pytest.raises(ModelError, match=r"'c.yml' is not valid YAML"):
        plain_yaml("a: [1", "c.yml")


def test_types_sizes_and_structs_are_read_as_text() -> None:
    assert element_type("nnet::array<ap_ufixed<8,3,AP_RND,AP_SAT,0>, 4*1>") == hx.Fixed.parse("ufixed<8,3,RND,SAT>")
    assert element_type("ac_fixed<16,6,true,AC_RND_CONV,AC_SAT>") == hx.Fixed.parse("fixed<16,6,RND_CONV,SAT>")
    assert (element_type("ap_uint<1>"), element_type("float")) == (hx.Fixed.parse("ufixed<1,1>"), None)
    assert (product("3*N*2", {"N": 4}), product("N/2", {"N": 4})) == (24, None)
    configs = parse_configs(
        "struct c : nnet::x {\n static const unsigned a = 2*3;\n static const unsigned b = a * 4;\n};", {}
    )
    assert configs == {"c": {"a": "6", "b": "24"}}


def test_commands_take_a_project_with_its_design(
    project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from hlsexplore.cli import main

    folder, _, x, _ = project
    monkeypatch.chdir(tmp_path)
    np.savez("x.npz", x=x * 40)
    assert main(["emulate", str(folder), "--data", "x.npz", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["design_key"] == hx.read_design(folder).key
    assert main(["init", str(folder), "-o", "d.yaml", "--clock-ns", "4"]) == 0
    assert "text files" in capsys.readouterr().out
    saved = hx.Design.load("d.yaml", hx.read_model(folder))
    assert saved == hx.read_design(folder).with_target(clock_ns=4.0)


def test_check_tells_overflows_costs_settings_and_cheaper_types(
    project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from hlsexplore.cli import main

    folder, _, x, _ = project
    monkeypatch.chdir(tmp_path)
    np.savez("x.npz", x=x * 40)
    config = "HLSConfig: {Model: {Precision: 'fixed<16,6>', Reuse: 1}, LayerName: {c0_fc: {ReuseFactor: 4}}}"
    (folder / "hls4ml_config.yml").write_text(config)
    assert main(["hls4ml", "check", str(folder), "--data", "x.npz", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["settings"][:2] == [
        "Model: unknown key 'Reuse'. Did you mean 'ReuseFactor'?",
        "layer 'c0_fc': ReuseFactor 4 was rounded to 3.",
    ]
    assert found["estimate"]["total"]["lut"] > 0 and found["report"] is None
    assert any(row[0] == "c0_x" and row[5] > 0 for row in found["overflows"])  # the input saturates
    assert found["cheaper"]["total"]["lut"] is not None
