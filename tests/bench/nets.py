"""Nets: seconds of audio a second, beside resampy's and what the processor could do."""

from __future__ import annotations

from typing import Any

from tests.bench.timing import Row, median_seconds, references, speech

WINDOW_S = 10.0


def measure(row: Row) -> None:
    """Prints the speed of each net in both precisions."""
    reference = references()
    import torch

    from models.denoisers.mask_unet import MaskUnet, MaskUnetConfig
    from models.denoisers.tcn_masker import TcnMasker, TcnMaskerConfig
    from models.denoisers.wavenet import SIZES as WAVENETS
    from models.denoisers.wavenet import WaveNetConfig
    from models.enhancer import SIZES, Enhancer, EnhancerConfig
    from models.net import PRECISIONS, inference_form
    from models.plain_unet import PlainUnet, PlainUnetConfig
    from models.residual_unet import ResidualUnet, ResidualUnetConfig
    from models.spectral_enhancer import SpectralEnhancer, SpectralEnhancerConfig

    makers = {
        f"enhancer {size}": lambda size=size: Enhancer(EnhancerConfig.named(size)) for size in SIZES
    }
    makers["spectral enhancer base"] = lambda: SpectralEnhancer(SpectralEnhancerConfig())
    makers["TCN masker"] = lambda: TcnMasker(TcnMaskerConfig())
    makers["mask U-Net"] = lambda: MaskUnet(MaskUnetConfig())
    for size in ("quarter", "half", "full"):
        config = ResidualUnetConfig.named(size)
        makers[f"residual U-Net {size}"] = lambda config=config: ResidualUnet(config)
    makers["plain U-Net small"] = lambda: PlainUnet(PlainUnetConfig.named("small"))
    for size in WAVENETS:
        makers[f"WaveNet {size}"] = lambda size=size: _wavenet(WaveNetConfig.named(size))
    for name, make in makers.items():
        rate = make().config.sample_rate
        x = torch.from_numpy(speech(WINDOW_S)[: round(WINDOW_S * rate)])[None, None]
        work = gflop_a_second(make())
        for precision in PRECISIONS:
            torch.manual_seed(0)
            exact, net = inference_form(make()), None
            torch.manual_seed(0)
            net = inference_form(make(), precision)
            with torch.inference_mode():
                speed = WINDOW_S / median_seconds(lambda net=net, x=x: net(x))
                error = (net(x) - exact(x)).square().mean() / exact(x).square().mean()
            agreement = "" if precision == "float32" else f", {-10 * torch.log10(error):.0f} dB"
            share = speed * work / reference["conv_gflops"]
            against = f"{speed / reference['resampy']:.1f} resampy, {share:.0%} of conv{agreement}"
            row(f"{name}, {precision}", speed, "x real time", against)


def gflop_a_second(net: Any) -> float:
    """GFLOP of the convolutions for one second of audio; folds the weight norm of `net`."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    from models.layers import fold_weight_norm

    net = fold_weight_norm(net)  # its own arithmetic does not count
    with FlopCounterMode(display=False) as counter:  # knows the form that learns
        net(torch.zeros(1, 1, 4 * net.config.sample_rate))
    return counter.get_total_flops() / 4e9


def _wavenet(config: Any) -> Any:
    """A WaveNet that does something, which a fresh one does not."""
    import torch

    from models.denoisers.wavenet import WaveNet

    net = WaveNet(config)
    torch.nn.init.normal_(net.leave[-1].weight, std=0.01)
    return net
