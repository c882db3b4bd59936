"""hls4ml's own compiled C++ as the outside oracle: many small designs in one compilation.

The layers are handed over as hls4ml's layer list, so that no framework is imported. The generated project is compiled
with fewer optimisations than hls4ml's script uses, which changes no number and halves the time.
"""

import ctypes
import importlib.util
import shutil
import subprocess
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from hlsexplore.design import Design
from hlsexplore.fixed import quantize
from hlsexplore.ops import Input
from hlsexplore.reference.samples import check_inputs
from hlsexplore_hls.hls4ml.layers import layer_settings, layer_words


def is_available() -> bool:
    """Whether hls4ml and a compiler are there."""
    return importlib.util.find_spec("hls4ml") is not None and shutil.which("g++") is not None


def run_designs(items: Sequence[tuple[Design, object]], folder: Path, optimise: str = "-O0") -> list[list[np.ndarray]]:
    """Compile designs of one io type together and run each on its data.

    Args:
        items: Designs with their inputs.
        folder: An empty folder for the project.
        optimise: Optimisation flag of the compiler.

    Returns:
        For each design its outputs as raw integers, (samples, *shape).
    """
    model = _model([design for design, _ in items], folder)
    library = _compile(model, folder, optimise)
    checked = [list(check_inputs(design.graph, x).values()) for design, x in items]
    count = max(len(arrays[0]) for arrays in checked)
    inputs = [array[np.arange(count) % len(array)] for arrays in checked for array in arrays]
    outputs = _predict(model, library, inputs)
    results, position = [], 0
    for (design, _), arrays in zip(items, checked, strict=True):
        raws = []
        for name in design.graph.outputs:
            type_ = design.result_type(name)
            values = outputs[position][: len(arrays[0])].reshape(-1, *design.graph[name].shape)
            raws.append(quantize(values, type_.with_modes(overflow="SAT")))
            position += 1
        results.append(raws)
    return results


def convert(designs: Sequence[Design], folder: Path, backend: str = "Vivado") -> object:
    """Return hls4ml's model of some designs, not yet written."""
    return _model(designs, folder, backend)


def _model(designs: Sequence[Design], folder: Path, backend: str = "Vivado") -> object:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from hls4ml.model.graph import ModelGraph

        layers, config, inputs, outputs = [], {}, [], []
        for index, design in enumerate(designs):
            for node in design.graph:
                name = f"c{index}_{node.name}"
                layers.append(layer_words(node, design, {item.name: f"c{index}_{item.name}" for item in design.graph}))
                config[name] = layer_settings(node, design)
                if isinstance(node.op, Input):
                    inputs.append(name)
            outputs += [f"c{index}_{name}" for name in design.graph.outputs]
        settings = {
            "OutputDir": str(folder),
            "ProjectName": "oracle",
            "Backend": backend,
            "Part": "xcku115-flvb2104-2-i",
            "ClockPeriod": 5,
            "ClockUncertainty": "12.5%",
            "IOType": f"io_{designs[0].target.io}",
            "HLSConfig": {
                "Model": {"Precision": {"default": "fixed<16,6>"}, "ReuseFactor": 1, "Strategy": "Latency"},
                "LayerName": config,
            },
            "Version": "1.0.0",
            "Stamp": "oracle",
        }
        return ModelGraph.from_layer_list(settings, layers, inputs=inputs, outputs=outputs)


def _compile(model: object, folder: Path, optimise: str) -> ctypes.CDLL:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # Its record of the configuration would import a framework.
        model.config.backend.writer.write_yml = lambda model: None
        model.write()
    firmware = folder / "firmware"
    command = ["g++", optimise, "-fPIC", "-std=c++17", "-w", "-shared", f"-I{firmware}/ap_types/"]
    command += [f'-DWEIGHTS_DIR="{firmware}/weights"', str(firmware / "oracle.cpp"), str(folder / "oracle_bridge.cpp")]
    command += ["-o", str(firmware / "oracle.so")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr[:4000])
    return ctypes.CDLL(str(firmware / "oracle.so"))


def _predict(model: object, library: ctypes.CDLL, inputs: list[np.ndarray]) -> list[np.ndarray]:
    """Call the compiled top function sample by sample, in double precision."""
    top = library.oracle_double
    top.restype = None
    sizes = [int(variable.size()) for variable in model.get_output_variables()]
    count = len(inputs[0])
    arrays = [np.ascontiguousarray(array.reshape(count, -1), dtype=np.float64) for array in inputs]
    outputs = [np.zeros((count, size)) for size in sizes]
    top.argtypes = [ctypes.c_void_p] * (len(arrays) + len(outputs))
    for i in range(count):
        top(*(array[i].ctypes.data for array in (*arrays, *outputs)))
    return outputs
