"""Damaged `.npz` files: one `DataError` of a bounded message, whatever is in them."""

import random
import struct
import zipfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from hlsexplore.data import load_data
from hlsexplore.errors import DataError

INPUTS = [SimpleNamespace(name="x", shape=(4,))]


def survive(path) -> None:
    try:
        load_data(path, INPUTS)
    except DataError as error:
        assert len(str(error)) < 500


@pytest.mark.parametrize("seed", range(10))
def test_flipped_and_missing_bytes_are_a_data_error(tmp_path: Path, seed) -> None:
    path = tmp_path / "x.npz"
    np.savez(path, x=np.zeros((5, 4)), y=np.arange(5))
    original, rng = path.read_bytes(), random.Random(seed)
    for _ in range(100):
        data = bytearray(original)
        for _ in range(rng.choice((1, 2, 5, 20))):
            data[rng.randrange(len(data))] = rng.randrange(256)
        path.write_bytes(data[: rng.randrange(len(data))] if rng.random() < 0.2 else data)
        survive(path)


def array_file(shape, dtype):
    header = f"{{'descr': {dtype}, 'fortran_order': False, 'shape': {shape}, }}".encode()
    header += b" " * (64 - (len(header) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + bytes(160)


@pytest.mark.parametrize("shape", ["(10**18, 4)", "(1000000000000, 4)", "(-5, 4)", "(5, 4", "('a', 4)", "(5.0, 4)"])
@pytest.mark.parametrize("dtype", ["'<f8'", "'O'", "'|V8'", "'<f8999'", "None", "'<U100000000'"])
def test_forged_headers_are_a_data_error(tmp_path: Path, shape: str, dtype: str) -> None:
    path = tmp_path / "x.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x.npy", array_file(shape, dtype))
    with pytest.raises(DataError) as caught:
        load_data(path, INPUTS)
    assert len(str(caught.value)) < 500
