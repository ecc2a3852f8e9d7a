"""Weights files: good ones are read as they were saved, hostile ones refused in bounded memory."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from models.user_weights.files import open_weights, read_all
from tests.support import hostile_weights

MOST_MB = 64  # that the whole zoo may take on top of what one good file takes

PROBE = """
import json, resource, sys
from pathlib import Path
from models.user_weights.net import read_net

def megabytes():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / KILO

KILO = 1e6 if sys.platform == "darwin" else 1e3
good, *paths = map(Path, sys.argv[1:])
read_net(good, "wavenet", "small")
before, refusals = megabytes(), {}
for path in paths:
    try:
        read_net(path, "wavenet", "small")
        refusals[path.name] = ["", "it was taken"]
    except Exception as error:
        refusals[path.name] = [type(error).__name__, str(error)]
print(json.dumps([megabytes() - before, refusals]))
"""


def test_the_zoo_is_refused_with_a_sentence_each_and_in_bounded_memory(tmp_path: Path) -> None:
    paths = hostile_weights.fill(tmp_path)
    assert len(paths) >= 100
    good = tmp_path / "good.pt"
    config = hostile_weights.CONFIG
    state = hostile_weights.WaveNet(hostile_weights.WaveNetConfig(**config)).state_dict()
    torch.save({"model": state, "config": config}, good)
    done = subprocess.run(
        [sys.executable, "-c", PROBE, str(good), *map(str, paths)],
        capture_output=True, text=True, timeout=240,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    grown, refusals = json.loads(done.stdout)
    others = {name: why for name, why in refusals.items() if why[0] != "ValueError"}
    assert others == {}
    long = {name: why for name, (_, why) in refusals.items() if "\n" in why or len(why) > 400}
    assert long == {}
    assert grown < MOST_MB
    assert not Path("code-was-run").exists()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16, torch.float64])
def test_what_was_saved_is_read(tmp_path: Path, dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    whole = torch.randn(5, 7, dtype=torch.float64).to(dtype)
    state = {"a": whole, "b": whole[1:3, ::2], "c": whole.T, "d": torch.nn.Parameter(whole[0])}
    torch.save({"model": state, "step": 3}, tmp_path / "a.pt")
    stored = open_weights(tmp_path / "a.pt")
    assert stored["step"] == 3
    for name, value in read_all(stored["model"]).items():
        assert torch.equal(value, state[name].float()), name
        assert value.is_contiguous()
    save_file({"a": whole}, tmp_path / "a.safetensors")
    assert torch.equal(read_all(open_weights(tmp_path / "a.safetensors"))["a"], whole.float())
