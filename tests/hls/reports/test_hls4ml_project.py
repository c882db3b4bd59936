"""Foreign hls4ml projects, read as text."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from hlsexplore.errors import ToolError
from hlsexplore.estimate import estimate_record
from hlsexplore_hls.reports.altera import altera_estimate
from hlsexplore_hls.reports.hls4ml_project import read_hls4ml_project

DEFINES = """
typedef ap_fixed<16,6> input_t;
typedef ap_fixed<16,6> model_default_t;
typedef ap_fixed<12,4,AP_RND,AP_SAT,0> layer2_t;
typedef ap_fixed<8,2> weight2_t;
"""
PARAMETERS = """
struct config2 : nnet::dense_config {
    static const unsigned n_in = 3;
    static const unsigned n_out = 2;
    static const unsigned io_type = nnet::io_parallel;
    static const unsigned strategy = nnet::latency;
    static const unsigned reuse_factor = 1;
    static const unsigned n_zeros = 1;
    typedef model_default_t accum_t;
    typedef weight2_t weight_t;
};
"""
TOP = """
void myproject(input_t x[3], layer2_t layer2_out[2]) {
    #pragma HLS PIPELINE
    nnet::dense<input_t, layer2_t, config2>(x, layer2_out, w2, b2); // fc1
}
"""
WEIGHTS = "weight2_t w2[6] = {0.5, -0.25, 0.0, 0.75, 1.0, -0.5};\n"


def project(root: Path, **files: str) -> Path:
    texts = {
        "firmware/defines.h": DEFINES,
        "firmware/parameters.h": PARAMETERS,
        "firmware/myproject.cpp": TOP,
        "firmware/weights/w2.h": WEIGHTS,
        "project.tcl": 'set part "xcvu13p-flga2577-2-e"\nset clock_period 5\nset backend "Vivado"\n',
    } | files
    for name, text in texts.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return root


def test_layers_types_weights_and_settings_are_read(tmp_path: Path) -> None:
    found = read_hls4ml_project(project(tmp_path))
    (layer,) = found.design.layers
    assert (found.model, found.part, found.design.tool, found.design.clock_ns) == (
        "myproject",
        "xcvu13p-flga2577-2-e",
        "vivado_hls",
        5.0,
    )
    assert (layer.name, layer.op, layer.n_in, layer.n_out, layer.zeros) == ("fc1", "dense", 3, 2, 1)
    assert str(layer.result) == "fixed<12,4,RND,SAT>"
    assert layer.constants is not None
    assert layer.constants.weight.tolist() == [[32, -16], [0, 48], [64, -32]]
    assert estimate_record(found.design).total.lut is not None


def test_missing_weights_leave_the_layer_without_constants(tmp_path: Path) -> None:
    found = read_hls4ml_project(project(tmp_path, **{"firmware/weights/w2.h": ""}))
    assert found.design.layers[0].constants is None


def test_a_folder_that_is_no_project_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="is half an hls4ml project"):
        read_hls4ml_project(tmp_path)


def test_a_recurrent_layer_has_a_reuse_for_each_product(tmp_path: Path) -> None:
    parameters = (
        PARAMETERS
        + """
struct config3_1 : nnet::dense_config {
    static const unsigned n_in = 3;
    static const unsigned n_out = 12;
    static const unsigned reuse_factor = 9;
    static const unsigned strategy = nnet::resource;
};
struct config3_2 : nnet::dense_config {
    static const unsigned n_in = 4;
    static const unsigned n_out = 12;
    static const unsigned reuse_factor = 8;
    static const unsigned strategy = nnet::resource;
};
struct config3 : nnet::gru_config {
    static const unsigned n_in = 3;
    static const unsigned n_state = 4;
    static const unsigned n_sequence = 5;
    static const unsigned reuse_factor = 10;
    typedef config3_1 mult_config1;
    typedef config3_2 mult_config2;
};
"""
    )
    top = TOP.replace(
        "nnet::dense",
        "nnet::gru_stack<input_t, layer2_t, config3>(x, layer3_out, w3, wr3, b3, br3); // gru\n    nnet::dense",
    )
    found = read_hls4ml_project(
        project(tmp_path, **{"firmware/parameters.h": parameters, "firmware/myproject.cpp": top})
    )
    gru = found.design.layers[0]
    assert (gru.op, gru.reuse, gru.recurrent_reuse, gru.strategy) == ("gru", 9, 8, "resource")


CODE = """
template<typename input_t, typename output_t>
void q_in(input_t *inp, output_t *out) {
    #pragma HLS INLINE

    out[0] = ap_fixed<10,4,AP_RND,AP_WRAP>(inp[0]);
    out[1] = 0;
    out[2] = ap_ufixed<5,2,AP_RND_CONV,AP_WRAP>(inp[2]);
}
"""
QUANTIZED_TOP = """
void myproject(input_t x[3], layer2_t layer2_out[2]) {
    #pragma HLS PIPELINE
    input_t q_out[3];
    nnet::q_in<input_t, input_t>(x, q_out); // q_in
    nnet::dense<input_t, layer2_t, config2>(q_out, layer2_out, w2, b2); // fc1
}
"""


def test_bits_of_elements_are_read_from_the_quantizers_that_hls4ml_writes_for_hgq(tmp_path: Path) -> None:
    files = {"firmware/myproject.cpp": QUANTIZED_TOP}
    own = project(tmp_path / "own", **files, **{"firmware/nnet_utils/nnet_code_gen.h": CODE})
    quantizer, dense = read_hls4ml_project(own).design.layers
    assert quantizer.op == "quantizer" and (dense.input_bits, dense.input_ports) == ((10, 0, 5), (10, 0, 8))
    plain = read_hls4ml_project(project(tmp_path / "plain", **files)).design.layers
    assert [layer.called for layer in plain] == ["q_in", "dense"] and plain[1].input_bits is None
    figures = [estimate_record(read_hls4ml_project(tmp_path / name).design).total for name in ("own", "plain")]
    assert figures[0].latency_cycles_max is not None and figures[1].latency_cycles_max is None
    assert figures[0].lut < figures[1].lut


def test_estimate_of_intels_compiler_is_read_where_it_is_there(tmp_path: Path) -> None:
    folder = tmp_path / "myproject-fpga.prj/reports/lib/json"
    folder.mkdir(parents=True)
    assert altera_estimate(tmp_path) == {}
    rows = [{"name": "myproject", "data": [7, 8, 0, 2]}, {"name": "Total", "data": [10, 20, 0, 3]}]
    table = {"columns": ["Function Name", "ALUTs ", "FFs  ", "RAMs ", "DSPs "], "children": rows}
    (folder / "summary.json").write_text(json.dumps({"estimatedResources": table}))
    assert altera_estimate(tmp_path) == {"ALUTs": 10.0, "FFs": 20.0, "RAMs": 0.0, "DSPs": 3.0}
    for text in ("", "[]", "{}", '{"estimatedResources": 3}', json.dumps({"estimatedResources": table})[:-40]):
        (folder / "summary.json").write_text(text)
        assert altera_estimate(tmp_path) == {}


LINES = "    static const nnet::conv_implementation implementation = nnet::conv_implementation::linebuffer;\n"


@pytest.mark.parametrize(
    ("io", "named", "found"),
    [("io_stream", "", "encoded"), ("io_stream", LINES, "linebuffer"), ("io_parallel", "", "")],
)
def test_a_streamed_convolution_that_names_no_variant_is_encoded(
    tmp_path: Path, io: str, named: str, found: str
) -> None:
    """Streams of hls4ml 0.5 have FIFOs for each element of the window; its configuration had no name for that yet."""
    sizes = {"pad_left": 0, "pad_right": 0, "in_width": 8, "n_chan": 1, "filt_width": 3, "n_filt": 2, "stride_width": 1,
             "out_width": 6, "reuse_factor": 6, "min_width": 5}  # fmt: skip
    members = "".join(f"    static const unsigned {name} = {value};\n" for name, value in sizes.items())
    types = "".join(f"    typedef model_default_t {name}_t;\n" for name in ("accum", "bias", "weight"))
    config = f"struct config2 : nnet::conv1d_config {{\n    static const unsigned io_type = nnet::{io};\n"
    top = TOP.replace("nnet::dense<", "nnet::conv_1d_cl<")
    if io == "io_stream":
        top = top.replace("input_t x[3]", "hls::stream<input_t> &x").replace("t layer2_out[2]", "t &layer2_out")
    files = {"firmware/parameters.h": f"{config}{members}{named}{types}}};\n", "firmware/myproject.cpp": top}
    (layer,) = read_hls4ml_project(project(tmp_path, **files)).design.layers
    assert (layer.op, layer.implementation) == ("conv1d", found)


def test_a_layer_of_two_inputs_reads_both_and_writes_its_third_argument(tmp_path: Path) -> None:
    calls = TOP.replace("}", """    nnet::dense<input_t, layer2_t, config2>(x, layer3_out, w2, b2); // fc2
    nnet::add<layer2_t, layer2_t, layer4_t, config4>(layer2_out, layer3_out, layer4_out); // sum
    nnet::relu<layer4_t, layer5_t, config5>(layer4_out, layer5_out); // relu
}""")  # fmt: skip
    sizes = "struct {} : nnet::activ_config {{ static const unsigned n_in = 2; static const unsigned n_elem = 2; }};\n"
    types = "".join(f"typedef ap_fixed<12,4> layer{index}_t;\n" for index in (4, 5))
    files = {"firmware/defines.h": DEFINES + types, "firmware/myproject.cpp": calls}
    files["firmware/parameters.h"] = PARAMETERS + sizes.format("config4") + sizes.format("config5")
    layers = read_hls4ml_project(project(tmp_path, **files)).design.layers
    assert {layer.name: layer.sources for layer in layers} == {
        "fc1": (),
        "fc2": (),
        "sum": ("fc1", "fc2"),
        "relu": ("sum",),
    }


@pytest.mark.parametrize(("word", "is_float"), [("float", True), ("ap_fixed<16,6>", False), (None, True)])
def test_words_of_an_axi_wrapper_are_floating_point_unless_its_header_says_otherwise(
    tmp_path: Path, word: str | None, is_float: bool
) -> None:
    """A wrapper of fixed-point words takes 452 LUT, 793 FF, 4 block RAMs and two cycles beside one for each word."""
    files = {} if word is None else {"firmware/myproject_axi.h": f"typedef {word} input_axi_t;\n"}
    design = read_hls4ml_project(project(tmp_path, **files)).design
    assert design.has_float_words == is_float
    plain, wrapped = (estimate_record(replace(design, axi=axi)).total for axi in (False, True))
    more = [round(getattr(wrapped, key) - getattr(plain, key)) for key in ("lut", "ff", "bram18")]
    assert (more == [452, 793, 4]) == (not is_float)
