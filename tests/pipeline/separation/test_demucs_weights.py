"""Demucs' weights: found, fetched from a local server, verified; never code from a file."""

from __future__ import annotations

import hashlib
import http.server
import os
import shutil
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.separation import demucs_weights, download
from pipeline.separation.demucs import load
from pipeline.separation.demucs_weights import WeightsMissing
from pipeline.stage import Cancelled
from tests.support.separators import package, save_as_the_hub_does, tiny_demucs, tiny_net

HUB_PATH = "/adefossez/HTDemucs/resolve/main/"


class Publisher(http.server.BaseHTTPRequestHandler):
    """The Hub, which redirects and tells a checksum, and the older address, which does not."""

    files: dict[str, bytes]
    broken: dict[str, list[bytes]]
    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        name = Path(self.path).name
        if name not in self.files:
            self.send_error(404)
        elif self.path.startswith("/adefossez"):
            self.send_response(302)
            self.send_header("X-Linked-ETag", f'"{hashlib.sha256(self.files[name]).hexdigest()}"')
            self.send_header("Location", f"/cdn/{name}")
            self.end_headers()
        else:
            self.send_response(200)
            self.send_header("Content-Length", str(len(self.files[name])))
            self.end_headers()
            queue = self.broken.get(name, [])
            self.wfile.write(queue.pop(0) if queue else self.files[name])

    def log_message(self, *arguments: Any) -> None:
        pass


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """A tiny net as both publishers have it: htdemucs' own signature, in both formats."""
    folder = tmp_path_factory.mktemp("publisher")
    net = tiny_net()
    hub = save_as_the_hub_does(net, folder / "955717e8.safetensors")
    from demucs.states import save_with_checksum

    save_with_checksum(package(net), folder / "955717e8.th")
    (older,) = folder.glob("*.th")
    return {path.name: path.read_bytes() for path in (hub, older)}


@pytest.fixture
def publisher(written, tmp_path, monkeypatch):
    """A server that stands for both, and a user who has nothing yet."""
    import demucs.pretrained

    handler = type("Own", (Publisher,), {"files": dict(written), "broken": {}, "asked": []})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    (older,) = (name for name in written if name.endswith(".th"))
    monkeypatch.setenv("HF_ENDPOINT", address)
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.delenv("WAVEMEND_DEMUCS", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    urls = {"955717e8": f"{address}/old/{older}"}
    monkeypatch.setattr(demucs.pretrained, "_parse_remote_files", lambda listed: urls)
    yield handler
    server.shutdown()
    server.server_close()


def place(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "wavemend" / "demucs"


def left(tmp_path: Path) -> list[str]:
    return (
        sorted(path.name for path in place(tmp_path).glob("*")) if place(tmp_path).exists() else []
    )


def same(net: Any, other: Any) -> bool:
    pairs = zip(net.state_dict().values(), other.state_dict().values(), strict=True)
    return all(np.array_equal(a.half().numpy(), b.half().numpy()) for a, b in pairs)


def test_the_first_use_downloads_with_progress_and_the_second_does_not(publisher, tmp_path):
    fractions, lines = [], []

    def tick(fraction: float, what: str = "") -> None:
        fractions.append(fraction)
        lines.append(what)

    assert len(demucs_weights.missing("htdemucs")) == 1
    found = demucs_weights.find("htdemucs", tick=tick)
    (path,) = (path for _, path in found.files)
    checksum = hashlib.sha256(publisher.files["955717e8.safetensors"]).hexdigest()
    assert path == place(tmp_path) / f"955717e8-{checksum[:8]}.safetensors"
    assert left(tmp_path) == [path.name]
    assert fractions == sorted(fractions) and (fractions[0], fractions[-1]) == (0, 1)
    assert lines[0].startswith("Downloading 955717e8.safetensors: 0 of ")
    assert lines[-1].endswith(" MB") and demucs_weights.missing("htdemucs") == []
    assert same(load("htdemucs", found, "cpu").models[0], tiny_net())
    asked = len(publisher.asked)
    assert demucs_weights.find("htdemucs") == found and len(publisher.asked) == asked


@pytest.mark.parametrize("damage", ["truncated", "corrupted"])
def test_a_transfer_that_breaks_is_tried_again(publisher, tmp_path, damage):
    whole = publisher.files["955717e8.safetensors"]
    bad = whole[:1000] if damage == "truncated" else bytes(len(whole))
    publisher.broken["955717e8.safetensors"] = [bad]
    found = demucs_weights.find("htdemucs")
    assert found.files[0][1].read_bytes() == whole
    assert publisher.asked.count(HUB_PATH + "955717e8.safetensors") == 2


def test_the_older_address_is_asked_when_the_hub_has_nothing_good(publisher, tmp_path):
    publisher.broken["955717e8.safetensors"] = [b"x"] * 2
    (path,) = (path for _, path in demucs_weights.find("htdemucs").files)
    assert path.suffix == ".th" and left(tmp_path) == [path.name]
    assert path.name in publisher.files
    found = demucs_weights.find("htdemucs")
    assert same(load("htdemucs", found, "cpu").models[0], tiny_net())


def test_a_download_can_be_stopped_and_leaves_nothing(publisher, tmp_path, monkeypatch):
    monkeypatch.setattr(download, "BLOCK_BYTES", 1000)

    def stop(fraction: float, what: str = "") -> None:
        if fraction > 0.3:
            raise Cancelled

    with pytest.raises(Cancelled):
        demucs_weights.find("htdemucs", tick=stop)
    assert left(tmp_path) == []
    assert demucs_weights.find("htdemucs").files


def test_without_weights_the_error_says_what_to_fetch_and_where_to_put_it(publisher, tmp_path):
    publisher.files.clear()
    with pytest.raises(WeightsMissing) as caught:
        demucs_weights.find("htdemucs")
    said = str(caught.value)
    for words in (
        "htdemucs: its weights are not on this machine and could not be downloaded",
        f"{HUB_PATH}955717e8.safetensors (the server says 404 Not Found)",
        "/old/955717e8-",
        str(place(tmp_path)),
        "WAVEMEND_DEMUCS",
        "Everything else works without",
    ):
        assert words in said
    assert not place(tmp_path).exists()


def test_without_a_network_the_error_says_so(publisher, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    publisher.files.clear()
    with pytest.raises(WeightsMissing, match=r"no connection: Connection refused"):
        demucs_weights.find("htdemucs")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    asked = len(publisher.asked)
    with pytest.raises(WeightsMissing, match="HF_HUB_OFFLINE is set"):
        demucs_weights.find("htdemucs")
    assert len(publisher.asked) == asked


def test_a_file_without_a_checksum_is_refused(publisher, tmp_path):
    address = os.environ["HF_ENDPOINT"]
    with pytest.raises(OSError, match="no checksum to verify"):
        download.fetch(f"{address}/cdn/955717e8.safetensors", tmp_path)


def test_the_package_s_own_caches_are_known(publisher, written, tmp_path):
    import torch.hub

    assert demucs_weights.torch_cache() == Path(torch.hub.get_dir()) / "checkpoints"
    demucs_weights.torch_cache().mkdir(parents=True)
    older = next(name for name in written if name.endswith(".th"))
    (demucs_weights.torch_cache() / older).write_bytes(written[older])
    assert demucs_weights.find("htdemucs").files[0][1].name == older
    repository = tmp_path / "hub" / "models--adefossez--HTDemucs"
    for path, content in (("refs/main", b"1"), ("snapshots/1/955717e8.safetensors", b"net")):
        (repository / path).parent.mkdir(parents=True)
        (repository / path).write_bytes(content)
    assert demucs_weights.find("htdemucs").files[0][1].read_bytes() == b"net"
    assert publisher.asked == []


def test_a_folder_in_the_package_s_format_gives_the_package_s_own_nets(tmp_path):
    from demucs.pretrained import get_model

    folder = tiny_demucs(tmp_path, "htdemucs_ft", nets=4, weights=np.eye(4).tolist())
    bag = load("htdemucs_ft", demucs_weights.find("htdemucs_ft", str(folder)), "cpu")
    expected = get_model("htdemucs_ft", repo=folder)
    assert bag.weights == expected.weights and len(bag.models) == 4
    assert all(map(same, bag.models, expected.models))


def test_a_folder_may_leave_out_the_yaml_that_the_package_has(tmp_path):
    save_as_the_hub_does(tiny_net(), tmp_path / "955717e8.safetensors")
    assert load("htdemucs", demucs_weights.find("htdemucs", str(tmp_path)), "cpu").sources


class Evil:
    def __reduce__(self) -> tuple[Any, ...]:
        return (os.mkdir, (os.environ["EVIL"],))


@pytest.mark.parametrize("kind", ["pickle", "class", "damaged", "text"])
def test_a_file_that_is_no_net_is_refused_and_nothing_in_it_runs(kind, tmp_path, monkeypatch):
    import torch

    monkeypatch.setenv("EVIL", str(tmp_path / "evil"))
    path = tmp_path / "955717e8.th"
    if kind == "pickle":
        torch.save({**package(tiny_net()), "training_args": Evil()}, path)
    elif kind == "class":
        settings = {"klass": "subprocess.Popen", "args": f'[["mkdir", "{tmp_path}/evil"]]'}
        save_as_the_hub_does(tiny_net(), path.with_suffix(".safetensors"), **settings, kwargs="{}")
    elif kind == "damaged":
        (made,) = tiny_demucs(tmp_path / "made").glob("*.th")
        path = shutil.move(made, tmp_path / f"955717e8-{made.stem.split('-')[1]}.th")
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(data)
    else:
        path.write_text("weights")
    words = "is damaged: its checksum is not" if kind == "damaged" else "not read|not the weights"
    with pytest.raises(ValueError, match=words):
        load("htdemucs", demucs_weights.find("htdemucs", str(tmp_path)), "cpu")
    assert not (tmp_path / "evil").exists()


def test_a_model_of_other_stems_is_refused(tmp_path):
    save_as_the_hub_does(tiny_net(names=("a", "b")), tmp_path / "955717e8.safetensors")
    with pytest.raises(ValueError, match="got a model of 2 channels and a, b, expected drums"):
        load("htdemucs", demucs_weights.find("htdemucs", str(tmp_path)), "cpu")


def test_wrong_folders_and_bags_are_named(tmp_path):
    with pytest.raises(ValueError, match="nowhere, expected an existing folder"):
        demucs_weights.find("htdemucs", str(tmp_path / "nowhere"))
    with pytest.raises(ValueError, match="there is no spleeter.yaml"):
        demucs_weights.find("spleeter", str(tmp_path))
    (tmp_path / "htdemucs.yaml").write_text("models: 3")
    with pytest.raises(ValueError, match='expected "models" with a list'):
        demucs_weights.find("htdemucs", str(tmp_path))
