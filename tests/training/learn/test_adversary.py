"""Laws of the adversary: what it sees, what it says, and that it and its generator learn."""

from __future__ import annotations

import copy
import math

import pytest
import torch
from accelerate import Accelerator

from models.discriminators import (
    REPRESENTATIONS,
    DiscriminatorConfig,
    Discriminators,
    represent,
)
from training.learn.adversary import (
    Adversary,
    AdversaryConfig,
    discriminator_loss,
    feature_distance,
    generator_loss,
    hide_untrusted,
)

RATE = 16_000
TINY = {"periods": [2, 3], "period_widths": [8, 16], "n_ffts": [256], "channels": 8}


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


def noise(batch: int = 2, length: int = 4001) -> torch.Tensor:
    return 0.1 * torch.randn(batch, 1, length)


@pytest.mark.parametrize("representation", REPRESENTATIONS)
def test_one_judgement_for_each_period_and_resolution(representation: str) -> None:
    nets = Discriminators(DiscriminatorConfig(**TINY, representation=representation))
    judged = nets(noise())
    assert len(judged) == 3
    for logits, maps in judged:
        assert len(logits) == 2 and logits.isfinite().all()
        assert len(maps) >= 2 and all(len(m) == 2 and m.isfinite().all() for m in maps)


def test_phase_is_shown_only_where_there_is_energy() -> None:
    config = DiscriminatorConfig(gate=0.5)
    spectrum = torch.polar(torch.tensor([0.1, 0.6, 40.0]), torch.tensor([1.0, 2.0, -0.5]))
    level, sine, cosine = represent(spectrum[None, :, None], config)[0, :, :, 0]
    assert torch.allclose(level, torch.log1p(10 * spectrum.abs()), atol=1e-4)
    assert sine[0] == cosine[0] == 0
    assert torch.allclose(sine[1:], torch.sin(torch.tensor([2.0, -0.5])), atol=1e-5)
    assert torch.allclose(cosine[1:], torch.cos(torch.tensor([2.0, -0.5])), atol=1e-5)


def test_the_raw_representation_is_magnitude_and_angle() -> None:
    spectrum = torch.polar(torch.tensor([0.5, 40.0]), torch.tensor([3.0, -0.5]))
    config = DiscriminatorConfig(representation="raw")
    magnitude, angle = represent(spectrum[None, :, None], config)[0, :, :, 0]
    assert torch.allclose(magnitude, spectrum.abs(), atol=1e-4)
    assert torch.allclose(angle, torch.tensor([3.0, -0.5]), atol=1e-5)


def test_silence_gives_no_phase_gradient() -> None:
    for level, moves in ((1e-6, False), (0.1, True)):
        x = (level * torch.randn(1, 1, 2048)).requires_grad_()
        spectrum = torch.stft(x[:, 0], 256, 64, window=torch.hann_window(256), return_complex=True)
        represent(spectrum, DiscriminatorConfig())[:, 1:].square().sum().backward()
        assert x.grad is not None and x.grad.isfinite().all()
        assert bool(x.grad.any()) == moves


def test_all_representations_have_finite_gradients_in_silence() -> None:
    for representation in REPRESENTATIONS:
        x = torch.zeros(1, 1, 2048, requires_grad=True)
        nets = Discriminators(DiscriminatorConfig(**TINY, representation=representation))
        sum(logits.sum() for logits, _ in nets(x)).backward()
        assert x.grad.isfinite().all()


@pytest.mark.parametrize("kind", ["hinge", "lsgan"])
def test_a_perfect_discriminator_has_no_loss_and_a_fooled_one_has(kind: str) -> None:
    low = -1.0 if kind == "hinge" else 0.0
    real, made = (torch.ones(4), []), (torch.full((4,), low), [])
    assert discriminator_loss(made, real, kind) == 0
    assert discriminator_loss(real, made, kind) > 1
    assert generator_loss(real, kind) < generator_loss(made, kind)


def test_features_of_equals_are_equal_and_level_does_not_matter() -> None:
    maps = [torch.randn(2, 3, 5), torch.randn(2, 4)]
    other = [m + 0.1 * torch.randn_like(m) for m in maps]
    real = (torch.zeros(1), maps)
    assert feature_distance(real, real) == 0
    near = feature_distance((torch.zeros(1), other), real)
    louder = feature_distance(
        (torch.zeros(1), [7 * m for m in other]), (torch.zeros(1), [7 * m for m in maps])
    )
    assert near > 0.05 and torch.isclose(near, louder)


def test_what_is_not_known_to_be_true_is_hidden() -> None:
    time = torch.arange(8192) / RATE
    low, high = (torch.sin(2 * math.pi * hz * time)[None, None] for hz in (1000, 6000))
    target, estimate = 0.1 * low, 0.2 * low + 0.3 * high
    shown = hide_untrusted(estimate, target, torch.full((1, 10), 3000.0), RATE)
    inner = slice(1024, -1024)
    assert torch.allclose(shown[..., inner], 0.2 * low[..., inner], atol=1e-3)
    assert hide_untrusted(estimate, target, torch.full((1, 10), RATE / 2), RATE) is estimate


def test_the_discriminators_learn_and_leave_the_generator_alone() -> None:
    """Real sound is a tone in noise, restored sound noise: they come to score apart."""
    tone = 0.1 * torch.sin(2 * math.pi * 440 * torch.arange(4000) / RATE)[None, None]
    adversary = Adversary({"config": TINY, "learning_rate": 2e-3}, Accelerator(cpu=True))
    estimate = noise(2, 4000).requires_grad_()
    apart = []
    for _ in range(25):
        target = tone.expand(2, 1, -1) + 0.1 * noise(2, 4000)
        apart.append(float(adversary.learn(estimate, target, 0, 1.0)["separation"]))
    assert estimate.grad is None
    assert apart[-1] > apart[0] + 0.3


def test_the_discriminators_take_turns_and_each_has_one() -> None:
    adversary = Adversary({"config": TINY, "turns": 3}, Accelerator(cpu=True))
    learned = []
    for turn in range(3):
        before = copy.deepcopy(adversary.nets.state_dict())
        adversary.learn(noise(), noise(), turn, 1.0)
        after = adversary.nets.state_dict()
        learned.append({n.split(".")[1] for n in after if not torch.equal(before[n], after[n])})
    assert learned == [{"0"}, {"1"}, {"2"}]


def test_the_level_of_a_recording_is_no_clue() -> None:
    """Discriminators see quiet and loud recordings at the same level."""
    adversary = Adversary({"config": TINY}, Accelerator(cpu=True))
    estimate, target = noise(), noise()
    loud, quiet = (adversary.terms(g * estimate, g * target, 0)["total"] for g in (1, 0.05))
    assert torch.isclose(loud, quiet, rtol=1e-4)


def test_the_generator_hears_the_adversary_and_does_not_train_it() -> None:
    adversary = Adversary({"config": TINY}, Accelerator(cpu=True))
    estimate, target = noise().requires_grad_(), noise()
    terms = adversary.terms(estimate, target, 0)
    terms["total"].backward()
    assert estimate.grad.abs().sum() > 0
    assert all(p.grad is None and p.requires_grad for p in adversary.nets.parameters())
    expected = terms["adversarial"] + 2 * terms["feature"]
    assert torch.isclose(terms["total"], expected)


def test_a_state_is_taken_up_exactly() -> None:
    first, second = (Adversary({"config": TINY}, Accelerator(cpu=True)) for _ in range(2))
    first.learn(noise(), noise(), 0, 1.0)
    second.load_state_dict(copy.deepcopy(first.state_dict()))
    a, b = noise(), noise()
    for adversary in (first, second):
        adversary.learn(a, b, 0, 1.0)
    pairs = zip(first.nets.parameters(), second.nets.parameters(), strict=True)
    assert all(torch.equal(p, q) for p, q in pairs)


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"kind": "wgan"}, "kind: got 'wgan'"),
        ({"weights": {"adversarial": 1.0}}, "weights"),
        ({"config": TINY, "turns": 4}, "turns: got 4, expected 1 to 3"),
        ({"config": {"representation": "mel"}}, "representation: got 'mel'"),
        ({"config": {"periods": [], "n_ffts": []}}, "expected a discriminator"),
    ],
)
def test_settings_that_make_no_adversary_are_named(settings: dict, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        AdversaryConfig(**settings)
