"""The named audio attacks: each a function `(samples, rate, *, seed=0) -> samples` at the same rate."""

from __future__ import annotations

from functools import partial
from typing import Protocol

from . import chains, channel, codecs, mixing, time_pitch, vocoders
from .arrays import Samples


class AudioAttack(Protocol):
    """float32 samples of shape (frames,) or (frames, channels) in, samples at the same rate out; seeded."""

    def __call__(self, samples: Samples, rate: int, *, seed: int = 0) -> Samples:
        """Attack; see the class."""
        ...


def _codecs() -> dict[str, AudioAttack]:
    table: dict[str, AudioAttack] = {f"mp3_{k}k": partial(codecs.mp3, kbps=k) for k in (128, 64, 32, 16)}
    table |= {f"aac_{k}k": partial(codecs.aac, kbps=k) for k in (64, 32)}
    table |= {f"opus_{k}k": partial(codecs.opus, kbps=k) for k in (32, 16, 12, 8)}
    table |= {"vorbis": codecs.vorbis, "gsm": codecs.gsm, "speex": codecs.speex}
    table |= {"g722": codecs.g722, "g711": codecs.g711, "g711_a": partial(codecs.g711, law="a")}
    table |= {f"amr_{k}": partial(codecs.amr_nb, kbps=k) for k in (12.2, 7.4, 4.75)}
    table["codec2_3200"] = partial(codecs.codec2, bits_per_s=3200)
    return table


def _channel() -> dict[str, AudioAttack]:
    return {
        "resample_8k": partial(channel.resample_to, to_rate=8000),
        "resample_11k": partial(channel.resample_to, to_rate=11025),
        "bits_8": partial(channel.requantise, bits=8),
        "bandpass": channel.bandpass,
        "eq": channel.eq,
        "gain_-12": channel.gain,
        "loudness": channel.loudness_normalise,
        "compressor": channel.compress,
        "clipping": channel.clip,
        "clipping_hard": partial(channel.clip, share=0.05),
        "echo": channel.echo,
        "echo_60ms": partial(channel.echo, delay_ms=60.0, level=0.5),
        "reverb_0.3": partial(channel.reverb, rt60=0.3),
        "reverb_0.5": partial(channel.reverb, rt60=0.5),
        "reverb_0.8": partial(channel.reverb, rt60=0.8),
        "reverb_noise_0.3": partial(channel.reverb, rt60=0.3, model="noise"),
        "denoise": channel.denoise,
        "denoise_hard": partial(channel.denoise, over=3.0, floor_db=-30.0),
        "rerecord": channel.rerecord,
    }


def _mixing() -> dict[str, AudioAttack]:
    table: dict[str, AudioAttack] = {f"noise_{d}": partial(mixing.noise, snr_db=d) for d in (20, 10, 0)}
    table["noise_pink_20"] = partial(mixing.noise, snr_db=20, colour="pink")
    table |= {f"speech_{d}": partial(mixing.mix, below_db=d) for d in (10, 0)}
    table |= {f"music_{d}": partial(mixing.other_music, below_db=d) for d in (10, 0)}
    table |= {"cut_5s": mixing.cut, "cut_3s": partial(mixing.cut, seconds=3.0)}
    table |= {"splice_10": mixing.splice_out, "cut_in": mixing.cut_in}
    return table


def _time_pitch() -> dict[str, AudioAttack]:
    factors = (0.9, 0.95, 0.97, 1.03, 1.05, 1.1)
    table: dict[str, AudioAttack] = {f"speed_{f}": partial(time_pitch.speed, factor=f) for f in factors}
    table |= {f"tempo_{f}": partial(time_pitch.tempo, factor=f) for f in (0.9, 1.1)}
    table |= {f"tempo_pv_{f}": partial(time_pitch.tempo, factor=f, method="vocoder") for f in (0.9, 1.1)}
    table |= {f"tempo_ola_{f}": partial(time_pitch.tempo, factor=f, method="ola") for f in (0.9, 1.1)}
    table |= {f"pitch_{s:+d}": partial(time_pitch.pitch, semitones=s) for s in (-2, -1, 1, 2)}
    table |= {f"pitch_pv_{s:+d}": partial(time_pitch.pitch, semitones=s, method="vocoder") for s in (-1, 1)}
    return table


def _vocoders() -> dict[str, AudioAttack]:
    return {
        "world": vocoders.world,
        "world_coded": partial(vocoders.world, coded=True),
        "griffin_lim": vocoders.griffin_lim,
        "phone_call": chains.phone_call,
        "social_media": chains.social_media,
        "voice_note": chains.voice_note,
    }


AUDIO: dict[str, AudioAttack] = {
    "none": channel.identity,
    **_codecs(),
    **_channel(),
    **_mixing(),
    **_time_pitch(),
    **_vocoders(),
}
