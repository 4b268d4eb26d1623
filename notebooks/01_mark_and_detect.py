# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # The audio mark: put in, attacked, found
#
# Recorded speech is marked with a 64-bit ID, looked at, attacked, and searched. Method and figures: docs/watermark.md.

# %%
import matplotlib.pyplot as plt
import numpy as np

from birthmark._core import audio_mark, coding
from birthmark.attacks import AUDIO
from birthmark.cli.demo import recorded_speech
from birthmark.keys import Key
from birthmark.quality import audio_quality
from birthmark.watermark import detect, embed_reported

PAYLOAD = 0x0123456789ABCDEF
key = Key(bytes(range(32)))
host, rate, source = recorded_speech()
marked, report = embed_reported(host, rate, PAYLOAD, key)
assert marked.shape == host.shape
source

# %% [markdown]
# ## What it looks like
# The mark follows the voice in time and frequency: the third picture has the colours of the first two.

# %%
figure, axes = plt.subplots(3, 1, figsize=(11, 8), sharex=True, sharey=True)
pictures = {"host": host, "marked": marked, "difference": marked - host}
for axis, (title, samples) in zip(axes, pictures.items(), strict=True):
    axis.specgram(samples[: 5 * rate] + 1e-9, NFFT=512, noverlap=384, Fs=rate, vmin=-140, vmax=-40)
    axis.set(title=title, ylabel="Hz")
axes[-1].set_xlabel("seconds")
figure.tight_layout()

# %% [markdown]
# ## What it costs

# %%
print(audio_quality(host, marked, rate))
print(report)
assert report.snr_db > 15
assert abs(report.loudness_change_lu) < 0.1

# %% [markdown]
# ## What it survives
# The detector is told neither the attack nor the ID. The last two rows are controls and must find nothing.

# %%
NAMES = ("none", "mp3_32k", "opus_16k", "phone_call", "noise_20", "rerecord", "speed_1.05", "tempo_0.9", "cut_5s")
attacked = {name: AUDIO[name](marked, rate, seed=1) for name in NAMES}
suspects = {name: (samples, key) for name, samples in attacked.items()}
suspects["control: no mark"] = (host, key)
suspects["control: another key"] = (marked, key.decoy(0, "notebook"))
found = {}
print(f"{'attack':<22}{'ID':<18}{'where':<15}{'speed':<8}{'right bits':<12}log10 p")
for name, (samples, one_key) in suspects.items():
    found[name] = detect(samples, rate, one_key)
    for mark in found[name]:
        where = f"{mark.start_s:.1f}-{mark.end_s:.1f} s"
        bits = f"{100 * mark.reliability:.0f} %"
        print(f"{name:<22}{mark.payload:016x}  {where:<15}{mark.speed:<8.3f}{bits:<12}{mark.log10_p:.0f}")
    if not found[name]:
        print(f"{name:<22}nothing")
for name in ("none", "mp3_32k", "noise_20", "speed_1.05", "tempo_0.9", "cut_5s"):
    assert PAYLOAD in [mark.payload for mark in found[name]], name
assert all(mark.payload == PAYLOAD for marks in found.values() for mark in marks)
assert not found["control: no mark"]
assert not found["control: another key"]
assert abs(found["speed_1.05"][0].speed - 1.05) < 0.006

# %% [markdown]
# ## What attacks do to the soft bits
# What was received for each of the 256 code bits times the bit that was sent: right of 0 is right.

# %%
sent = np.asarray(coding.PayloadCode(audio_mark.CODE_BITS).encode(PAYLOAD))
shown = [name for name in ("none", "mp3_32k", "noise_20", "phone_call") if found[name]]
figure, axes = plt.subplots(1, len(shown), figsize=(3.5 * len(shown), 3))
for axis, name in zip(axes, shown, strict=True):
    soft = found[name][0].soft_bits * sent
    axis.hist(soft / np.abs(soft).mean(), bins=40)
    axis.axvline(0, color="black")
    axis.set_title(f"{name}: {100 * np.mean(soft > 0):.0f} % right")
assert np.mean(found["none"][0].soft_bits * sent > 0) > 0.95

# %% [markdown]
# ## Why a find is no accident
# Agreement of the marked copy with the chips of 400 keys that were never used, and with those of the right one. For a
# key never used it is standard normal, whatever the recording.

# %%
soft_chips = audio_mark.soft_chips(marked, phases=1).astype(np.float64)
block = np.stack([soft_chips[slot::64].sum(axis=0) for slot in range(64)])


def agreement(one: Key) -> float:
    return float((block * audio_mark.chips(one, PAYLOAD)).sum() / np.linalg.norm(block))


decoys = np.array([agreement(key.decoy(number, "histogram")) for number in range(400)])
right = agreement(key)
plt.figure(figsize=(8, 3))
plt.hist(decoys, bins=30, density=True, label="keys never used")
z = np.linspace(-4, 4, 200)
plt.plot(z, np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi), "k", label="standard normal")
plt.axvline(right, color="red", label="the right key")
plt.xlabel("agreement, standard deviations")
plt.legend()
assert abs(decoys.std() - 1) < 0.2
assert np.abs(decoys).max() < 5
assert right > 15
