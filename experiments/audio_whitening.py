"""Learn the filters behind the detector's soft chips: PYTHONPATH=bench python experiments/audio_whitening.py READING

Marks real speech with the embedder itself, sends it through attacks, and fits the small function of
cpp/src/audio_mark/soft_chips.cpp (a whitening filter, a sigmoid, a reliability weight; 5 slots x 6 tiles) to the
chips by maximum likelihood. Prints the signal-to-noise ratio as bits per second, 0.5 z^2 log2(e) / s, for voices that
were not trained on, then trains on all voices and writes cpp/src/audio_mark/READING_whitening.hpp.

A reading is "waveform", learnt from every kind of attack; "vocoder", learnt from codecs that keep no waveform but a
spectral envelope of ten poles, where what a pair says stands in another part of its surroundings; or "noise", where the
few tiles that rise out of the noise say everything.

New figures are a new format version once files marked for them are out. Needs PyTorch and some 3 minutes.
The last two readings were learnt with --clips 36 --steps 800.
"""

import argparse
import pathlib

import numpy as np
import torch
from numpy.typing import NDArray

import corpus
from birthmark._core import audio_mark
from birthmark.keys import Key
from robustness import attack_clip

F32 = NDArray[np.float32]
RATE = 16000
SECONDS = 24
SLOTS, TAPS, HIDDEN = 5, 6, 6
TARGETS = pathlib.Path(__file__).parent.parent / "cpp/src/audio_mark"
ATTACKS = {
    "waveform": (
        "none", "resample_8k", "mp3_64k", "mp3_32k", "aac_32k", "opus_32k", "opus_16k", "opus_8k", "gsm", "speex",
        "amr_12.2", "amr_4.75", "codec2_3200", "noise_20", "noise_10", "speech_10", "music_10", "reverb_0.3",
        "denoise", "rerecord", "compressor", "world", "griffin_lim",
    ),
    "vocoder": ("codec2_3200", "amr_4.75"),
    "noise": ("noise_10", "noise_20"),
}  # fmt: skip


def sigmoid(x: torch.Tensor) -> torch.Tensor:
    """`birthmark::sigmoid` of spectrum/fast_math.hpp."""
    c = x.clamp(-3, 3)
    return c * (27 + c * c) / (27 + 9 * c * c)


class SoftChips(torch.nn.Module):
    """soft_chips.cpp with free coefficients; levels in dB (batch, 1, slots, tiles) to (batch, 1, slots, pairs)."""

    def __init__(self) -> None:
        super().__init__()
        predictor = torch.zeros(1, 1, SLOTS, TAPS)
        predictor[0, 0, 2, 2], predictor[0, 0, 2, 3] = 0.1, -0.1
        self.predictor = torch.nn.Parameter(predictor)
        self.reliability = torch.nn.Parameter(torch.randn(HIDDEN, 1, SLOTS, TAPS) * 0.03)
        self.reliability_offset = torch.nn.Parameter(torch.zeros(HIDDEN))
        self.weight = torch.nn.Parameter(torch.zeros(HIDDEN))
        self.weight_offset = torch.nn.Parameter(torch.tensor(-1.0))

    def filters(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Both kinds of filter, each with coefficients that sum to zero."""
        a, b = self.predictor, self.reliability
        return a - a.mean((2, 3), keepdim=True), b - b.mean((2, 3), keepdim=True)

    def forward(self, levels: torch.Tensor) -> torch.Tensor:
        """Soft chips."""
        predictor, reliability = self.filters()
        padded = torch.nn.functional.pad(levels, (2, 2, 2, 2), mode="replicate")
        value = torch.nn.functional.conv2d(padded, predictor, stride=(1, 2))
        hidden = torch.nn.functional.conv2d(padded, reliability, self.reliability_offset, stride=(1, 2))
        weight = (sigmoid(hidden) * self.weight[None, :, None, None]).sum(1, keepdim=True) + self.weight_offset
        return sigmoid(value) * torch.exp(weight)


Example = tuple[str, str, F32, F32]


def examples(clips: list[corpus.Clip], attacks: tuple[str, ...]) -> list[Example]:
    """(voice, attack, levels, chips) for every clip and attack."""
    rng = np.random.default_rng(1)
    found = []
    for index, clip in enumerate(clips):
        key = Key.generate().decoy(index)
        payload = int(rng.integers(2**63))
        stream = audio_mark.EmbedStream(RATE, 1, key, payload)
        marked = np.concatenate([stream.process(clip.samples), stream.flush()[0]])
        chips = np.tile(audio_mark.chips(key, payload), (len(marked) // 32768 + 1, 1))
        for name in attacks:
            attacked, _ = attack_clip(name, clip, marked, index)
            shift = int(rng.integers(-60, 60)) + 64  # the detector's frames fall anywhere within 8 ms
            attacked = np.roll(np.asarray(attacked, np.float32), -shift)
            levels = audio_mark.levels(attacked)
            count = min(len(levels), len(marked) // 512)
            found.append((clip.voice, name, levels[:count], chips[:count]))
        print(f"  {clip.name}", flush=True)
    return found


def fit(data: list[Example], steps: int) -> SoftChips:
    """Maximum likelihood of the chips, sum(log(1 + exp(-2 soft chip)))."""
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    model = SoftChips()
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 4e-3, total_steps=steps)
    for _ in range(steps):
        levels, chips = [], []
        for _ in range(32):
            _, _, x, c = data[rng.integers(len(data))]
            start = rng.integers(0, len(x) - 64)
            levels.append(x[start : start + 64])
            chips.append(c[start : start + 64])
        soft = model(torch.tensor(np.array(levels))[:, None])
        soft = soft - soft.mean(2, keepdim=True)  # as the detector does
        loss = torch.nn.functional.softplus(-2 * soft * torch.tensor(np.array(chips))[:, None]).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    return model


def report(model: SoftChips, data: list[Example]) -> None:
    """Print bits per second per attack."""
    rates: dict[str, list[float]] = {}
    with torch.no_grad():
        for _, name, levels, chips in data:
            soft = model(torch.tensor(levels)[None, None])[0, 0].numpy()
            z = float(np.sum(soft * chips) / np.sqrt(np.sum(soft * soft)))
            rates.setdefault(name, []).append(z * abs(z) / (2 * np.log(2)) / (len(chips) * 0.032))
    print("  bits/s: " + "  ".join(f"{name} {np.mean(r):.1f}" for name, r in rates.items()), flush=True)


def number(value: float) -> str:
    """A C++ float literal."""
    text = f"{value:.6g}"
    return f"{text}F" if "." in text or "e" in text else f"{text}.0F"


def table(rows: NDArray[np.float32], indent: str) -> str:
    """A nested C++ initialiser list."""
    lines = "".join(f"{indent}    {{{{{', '.join(number(v) for v in row)}}}}},\n" for row in rows)
    return f"{{{{\n{lines}{indent}}}}}"


def header(name: str, model: SoftChips) -> str:
    """The text of the header that holds the figures of a reading."""
    predictor, reliability = (f.detach().numpy()[:, 0] for f in model.filters())

    def row(values: torch.Tensor) -> str:
        return ", ".join(number(v) for v in values.detach().numpy())

    filters = ",\n".join("        " + table(f, "        ") for f in reliability)
    return f"""#pragma once

#include "whitening.hpp"

// Made by experiments/audio_whitening.py; format version 1. Changing a figure changes what a detector reads.
// clang-format off
namespace birthmark::audio_mark {{

inline constexpr Whitening k{name.capitalize()}Whitening = {{
    .predictor = {table(predictor[0], "    ")},
    .reliability = {{{{
{filters}
    }}}},
    .reliability_offset = {{{row(model.reliability_offset)}}},
    .weight = {{{row(model.weight)}}},
    .weight_offset = {number(model.weight_offset.item())},
}};

}}  // namespace birthmark::audio_mark
// clang-format on
"""


def main() -> None:
    """Train, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("reading", choices=sorted(ATTACKS))
    parser.add_argument("--clips", type=int, default=16)
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--dry-run", action="store_true", help="print the figures, write nothing")
    options = parser.parse_args()
    torch.set_num_threads(1)
    data = examples(corpus.speech_clips(SECONDS, options.clips, RATE), ATTACKS[options.reading])
    names = sorted({voice for voice, *_ in data})
    unseen = set(names[::4])
    print(f"trained without {', '.join(sorted(unseen))}, which give")
    report(fit([d for d in data if d[0] not in unseen], options.steps), [d for d in data if d[0] in unseen])
    final = fit(data, options.steps)
    print("trained on all voices, which give")
    report(final, data)
    if not options.dry_run:
        (TARGETS / f"{options.reading}_whitening.hpp").write_text(header(options.reading, final))


if __name__ == "__main__":
    main()
