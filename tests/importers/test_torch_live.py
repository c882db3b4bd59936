"""Live PyTorch modules, in the environment that HLSEXPLORE_TORCH_PYTHON names: torch is no development dependency."""

import os
import subprocess
from pathlib import Path

import pytest

PYTHON = os.environ.get("HLSEXPLORE_TORCH_PYTHON", "")
ROOT = Path(__file__).parents[2]

SCRIPT = """
import numpy as np, torch, hlsexplore as hx
from torch import nn
torch.manual_seed(0)

def agrees(net, *shapes, **options):
    net.train()
    graph = hx.read_model(net, **options)
    assert net.training and all(part.training for part in net.modules())
    data = [torch.randn(5, *shape) for shape in shapes]
    with torch.no_grad():
        y = net.eval()(*data).numpy()
    x = data[0].numpy() if len(data) == 1 else tuple(item.numpy() for item in data)
    assert np.allclose(hx.predict(graph, x), y, atol=1e-5), type(net)

agrees(nn.Sequential(nn.Linear(4, 5), nn.BatchNorm1d(5), nn.Dropout(), nn.ReLU(), nn.Linear(5, 2)), (4,))
agrees(nn.Sequential(nn.Conv2d(2, 3, 3), nn.Flatten(), nn.Linear(48, 2)), (2, 6, 6), example=torch.zeros(1, 2, 6, 6))
class Two(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(3, 4)
    def forward(self, x, y):
        return self.a(x) + y
agrees(Two(), (3,), (4,), example=(np.zeros((1, 3)), np.zeros((1, 4))))
net = nn.Linear(3, 2).eval()
program = torch.export.export(net, (torch.zeros(2, 3),))
assert hx.read_model(program).digest == hx.read_model(net).digest

for wrong, text in (
    (nn.Conv2d(1, 1, 1), "the input shape of the Conv2d is not known. Pass an example with a batch axis"),
    (torch.zeros(3), "a 'Tensor' is no whole model. Pass a torch.nn.Module or a torch.export.ExportedProgram."),
):
    try:
        hx.read_model(wrong)
    except hx.HlsExploreError as error:
        assert text in str(error), error
    else:
        raise AssertionError(wrong)
print("agreed")
"""


@pytest.mark.skipif(not PYTHON, reason="set HLSEXPLORE_TORCH_PYTHON to the Python of an environment with torch")
def test_live_modules_compute_what_pytorch_computes() -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (ROOT, ROOT / "hls", ROOT / "widgets")))}
    done = subprocess.run([PYTHON, "-c", SCRIPT], env=environment, capture_output=True, text=True, timeout=120)
    assert done.stdout.strip().endswith("agreed"), done.stderr
