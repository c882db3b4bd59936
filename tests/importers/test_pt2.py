"""Archives of torch.export are data: JSON and raw weights, whatever else lies in them."""

import io
import json
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest

import hlsexplore as hx
from hlsexplore.errors import ModelError, UnsupportedError
from hlsexplore.importers import inspect_model

FOLDER = Path(__file__).parents[1] / "data" / "torch"
MODEL, WEIGHTS = "net/models/model.json", "net/data/weights/model_weights_config.json"


class Touch:
    """A pickle that would write a file if it were opened."""

    def __init__(self, path) -> None:
        self.path = path

    def __reduce__(self):
        return (Path.touch, (self.path,))


def members(name: str = "mlp.pt2"):
    with zipfile.ZipFile(FOLDER / name) as archive:
        return {item: archive.read(item) for item in archive.namelist()}


def written(path, parts):
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return path


def changed(parts, member, change):
    body = json.loads(parts[member])
    change(body)
    return {**parts, member: json.dumps(body).encode()}


def nodes(body):
    return body["graph_module"]["graph"]["nodes"]


def test_pickles_are_not_opened(tmp_path: Path) -> None:
    trap = tmp_path / "opened"
    poison = pickle.dumps(Touch(trap))
    pickle.loads(pickle.dumps(Touch(tmp_path / "works")))
    assert (tmp_path / "works").exists()
    parts = {**members(), "net/data/sample_inputs/model.pt": poison, "net/data/constants/constant_0": poison}
    expected = hx.read_model(FOLDER / "mlp.pt2").digest
    assert hx.read_model(written(tmp_path / "m.pt2", parts)).digest == expected

    def use_pickle(body) -> None:
        body["config"]["0.weight"]["use_pickle"] = True

    poisoned = changed({**parts, "net/data/weights/weight_0": poison}, WEIGHTS, use_pickle)
    with pytest.raises(ModelError, match="the weight '0.weight' is stored as a pickle, which is code and never opened"):
        hx.read_model(written(tmp_path / "p.pt2", poisoned))
    assert not trap.exists()


def test_strided_weights_are_read_as_their_strides_say(tmp_path: Path) -> None:
    parts = members()
    graph = hx.read_model(FOLDER / "mlp.pt2", fuse_batchnorm=False)
    kernel = graph.nodes[1].op.kernel.astype(np.float32)  # (in, out) = (8, 12), stored (12, 8)
    stored = np.concatenate([np.full(3, 9.0, np.float32), kernel.ravel()])

    def transpose(body) -> None:
        meta = body["config"]["0.weight"]["tensor_meta"]
        meta["strides"] = [{"as_int": 1}, {"as_int": 12}]
        meta["storage_offset"] = {"as_int": 3}

    strided = changed({**parts, "net/data/weights/weight_0": stored.tobytes()}, WEIGHTS, transpose)
    path = written(tmp_path / "m.pt2", strided)
    assert hx.read_model(path).digest == hx.read_model(FOLDER / "mlp.pt2").digest


def test_all_that_does_not_fit_is_listed_at_once(tmp_path: Path) -> None:
    def replace_targets(body) -> None:
        named = {item["target"]: item for item in nodes(body)}
        named["torch.ops.aten.relu.default"]["target"] = "torch.ops.aten.erf.default"
        named["torch.ops.aten.tanh.default"]["target"] = "torch.ops.mine.secret.default"
        named["torch.ops.aten.softmax.int"]["target"] = "torch.ops.aten.log_softmax.int"  # the last op: left out

    path = written(tmp_path / "m.pt2", changed(members(), MODEL, replace_targets))
    found = inspect_model(path)
    assert found.graph is None
    assert found.problems == (
        "layer 'relu' (aten.erf): an error function outside GELU is not supported. Use GELU, or Tanh.",
        "layer 'tanh' (mine.secret): this operation is not supported. Use one of the operations in docs/importers.md, "
        "or compute it outside of the network.",
    )
    with pytest.raises(UnsupportedError, match="2 things in this model are not supported"):
        hx.read_model(path)


@pytest.mark.parametrize("threshold", [None, 20, 14])
def test_a_softplus_is_linear_only_where_it_is_within_rounding(tmp_path: Path, threshold) -> None:
    graph = hx.read_model(written(tmp_path / "m.pt2", changed(members(), MODEL, as_softplus(threshold))))
    assert "softplus" in [getattr(node.op, "function", "") for node in graph.nodes]


@pytest.mark.parametrize("threshold", [13.5, 1, 0, -2])
def test_a_softplus_with_a_threshold_that_shows_is_refused(tmp_path: Path, threshold) -> None:
    problems = inspect_model(written(tmp_path / "m.pt2", changed(members(), MODEL, as_softplus(threshold)))).problems
    text = f"layer 'tanh' (aten.softplus): it jumps at the threshold {threshold:g}, from where on PyTorch gives x."
    assert problems == (f"{text} Use a threshold of 14 or above.",)


def as_softplus(threshold):
    """Return the change that makes the tanh of a program a softplus with beta=2."""

    def change(body) -> None:
        item = next(node for node in nodes(body) if node["target"] == "torch.ops.aten.tanh.default")
        item["target"] = "torch.ops.aten.softplus.default"
        given = {"beta": 2, "threshold": threshold}
        item["inputs"] += [
            {"name": name, "arg": {"as_float": value}, "kind": 1} for name, value in given.items() if value is not None
        ]

    return change


def as_cast(target, dtype):
    """Return the change that makes the tanh of a program a change of type."""

    def change(body) -> None:
        item = next(node for node in nodes(body) if node["target"] == "torch.ops.aten.tanh.default")
        item["target"] = f"torch.ops.aten.{target}"
        item["inputs"].append({"name": "dtype", "arg": {"as_scalar_type": dtype}, "kind": 1})

    return change


@pytest.mark.parametrize("target", ["to.dtype", "_to_copy.default"])
@pytest.mark.parametrize("dtype", [6, 7, 8, 13])
def test_a_change_between_real_types_changes_nothing(tmp_path: Path, target, dtype) -> None:
    graph = hx.read_model(written(tmp_path / "m.pt2", changed(members(), MODEL, as_cast(target, dtype))))
    assert "tanh" not in [getattr(node.op, "function", "") for node in graph.nodes]


@pytest.mark.parametrize("target", ["to.dtype", "_to_copy.default"])
@pytest.mark.parametrize(
    ("dtype", "what"),
    [
        *((dtype, "it cuts data to integers.") for dtype in (1, 2, 3, 4, 5, 12, 28, 34, 35)),
        *((dtype, "it rounds data to floats of 8 bits or fewer.") for dtype in (29, 30, 31, 32, 33)),
    ],
)
def test_a_change_to_a_narrower_type_is_refused(tmp_path: Path, target, dtype, what) -> None:
    problems = inspect_model(written(tmp_path / "m.pt2", changed(members(), MODEL, as_cast(target, dtype)))).problems
    assert problems == (f"layer 'tanh' (aten.{target.partition('.')[0]}): {what} Use a quantizer instead.",)


def test_training_mode_is_refused(tmp_path: Path) -> None:
    def train(body) -> None:
        for item in nodes(body):
            for argument in item["inputs"]:
                if argument["name"] in ("training", "train"):
                    argument["arg"] = {"as_bool": True}

    problems = inspect_model(written(tmp_path / "m.pt2", changed(members(), MODEL, train))).problems
    assert problems == (
        "layer '1' (aten.batch_norm): it normalises by the batch at hand. Call model.eval() before the export.",
        "layer 'dropout' (aten.dropout): it was exported in training mode. Call model.eval() before the export.",
    )


def test_texts_of_the_author_are_not_shown(tmp_path: Path) -> None:
    def add_texts(body) -> None:
        for item in nodes(body):
            item["metadata"] = {"stack_trace": "File /home/author/secret.py, line 3"}
        nodes(body)[0]["target"] = "torch.ops.aten.cumprod.default"

    path = written(tmp_path / "m.pt2", changed(members(), MODEL, add_texts))
    assert "author" not in repr(inspect_model(path))


@pytest.mark.parametrize(
    ("member", "data", "message"),
    [
        ("net/archive_format", b"zip", "is an archive of another format than pt2"),
        ("net/byteorder", b"big", "holds big-endian weights"),
        ("net/data/weights/weight_0", b"short", "too few for the shape|cannot be read|buffer size"),
        (MODEL, b"{}", r"has another structure than that of PyTorch 2\.13 \(KeyError: 'graph_module'\)"),
        (MODEL, b"[", "is no valid JSON"),
    ],
)
def test_damage_is_one_clear_error(tmp_path: Path, member, data: bytes, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        hx.read_model(written(tmp_path / "m.pt2", {**members(), member: data}))


def test_every_lost_member_and_every_changed_value_is_an_error_or_a_network(tmp_path: Path) -> None:
    parts = members()
    for member in parts:
        path = written(tmp_path / "m.pt2", {name: data for name, data in parts.items() if name != member})
        try:
            hx.read_model(path)
        except ModelError as error:
            assert str(error)
    generator = np.random.default_rng(1)
    body = parts[MODEL].decode()
    places = [index for index, letter in enumerate(body) if letter.isdigit()]
    for place in generator.choice(places, 60, replace=False):
        text = f"{body[:place]}{generator.choice(['', '-', '9999999999', 'null'])}{body[place + 1 :]}"
        try:
            hx.read_model(written(tmp_path / "m.pt2", {**parts, MODEL: text.encode()}))
        except ModelError as error:
            assert str(error)


def test_the_two_lines_that_write_a_program_are_told(tmp_path: Path) -> None:
    for parts in (
        ["net/data.pkl", "net/version"],
        ["net/constants.pkl", "net/code/x.py"],
        ["serialized_exported_program.json"],
    ):
        path = written(tmp_path / "m.pt", dict.fromkeys(parts, b"x"))
        with pytest.raises(ModelError) as caught:
            hx.read_model(path)
        assert str(caught.value).endswith(
            "\n    program = torch.export.export(model.eval(), (example_input,))\n"
            '    torch.export.save(program, "NAME.pt2")'
        )


def test_programs_are_read_from_memory() -> None:
    from hlsexplore.importers.pt2 import parse_pt2

    data = io.BytesIO((FOLDER / "mlp.pt2").read_bytes()).getvalue()
    assert [item.name for item in parse_pt2(data, "mlp").inputs] == ["input"]
