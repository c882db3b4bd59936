"""The benchmark's contract, on a folder made here."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "estimator.py"
COLUMNS = {"case", "n", "unknown", "median_ape", "p90_ape", "exact_share", "covered80", "covered95"}


@pytest.mark.slow
def test_benchmark_prints_one_json_object_and_survives_odd_rows(tmp_path: Path) -> None:
    type_ = "ap_fixed<16,6>"
    layer = {
        "name": "fc",
        "op": "dense",
        "shape": {"n_in": 8, "n_out": 4},
        "weights_key": "w",
        **{f"{key}_type": type_ for key in ("input", "weight", "accum", "result")},
    }
    good = {
        "id": "a",
        "kind": "project",
        "repo": "somebody/net",
        "tool": "vivado_hls",
        "layers": [layer],
        "config_verified": True,
        "hls": {"lut": 900, "ff": 200, "dsp": 30, "bram18": 0, "latency_max": 2, "ii_max": 1},
    }
    odd = {"id": "b", "kind": "project", "tool": "vitis_hls", "layers": [{"op": "new"}], "hls": {"lut": 5}}
    lines = [json.dumps(good), json.dumps(odd), "{broken"]
    (tmp_path / "designs.jsonl").write_text("\n".join(lines), encoding="utf-8")
    np.savez(tmp_path / "weights.npz", w=np.random.default_rng(0).integers(-900, 900, (8, 4)))
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(tmp_path), "--json"], capture_output=True, text=True, timeout=120, check=True
    )
    rows = {row["case"]: row for row in json.loads(done.stdout)["rows"]}
    assert set(rows["project vivado_hls lut"]) >= COLUMNS
    assert rows["project vitis_hls lut"]["unknown"] == 1
    bar = rows[
        "bar dsp exact: all designs, fully unrolled, weights known and checked, no quantizers of single elements"
    ]
    assert set(bar) == {"case", "n", "value", "goal", "met"}
    assert set(rows["speed"]) >= {"one_ms", "designs_per_s"}
