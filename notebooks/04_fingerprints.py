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
# # Fingerprints: find a passage that carries no mark
#
# A recording was sold before anyone marked it. A suspect file holds six seconds of it: faster, at a higher pitch, with
# noise as loud as the voice. The index says which passage that is, exactly where, and how sure that is.

# %%
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from scipy import signal

root = next(folder for folder in (Path.cwd(), *Path.cwd().parents) if (folder / "tests" / "reference").is_dir())
sys.path[:0] = [str(root), str(root / "bench")]

from birthmark.alignment_picture import draw
from birthmark.fingerprint import ROW_S, fingerprint
from birthmark.index import Index, MemoryStore, compare
from corpus import prompt_speech, voices
from tests.reference.voices import babble

RATE = 16000
names = sorted(voices())
recordings = (
    {name: prompt_speech(name, 40, seed) for seed, name in enumerate(names)}
    if names
    else {f"voice {seed}": babble(seed, 40) for seed in range(5)}
)
list(recordings)

# %% [markdown]
# ## What is kept of a recording: its peaks

# %%
first = next(iter(recordings))
made = fingerprint(recordings[first], RATE)
rows, bands, strength = made.peaks.T
shown = rows < 4 / ROW_S
figure, axes = plt.subplots(figsize=(9, 3))
axes.imshow(made.core.surface[: int(4 / ROW_S)].T, origin="lower", aspect="auto", cmap="Greys", extent=(0, 4, 0, 92))
axes.plot(rows[shown] * ROW_S, bands[shown] + 0.5, "r.", markersize=3)
axes.set(xlabel="seconds", ylabel="half semitones above 250 Hz", title="Whitened spectrogram and peaks")
print(f"{len(made.serialize()) / made.duration_s:.0f} bytes a second")

# %% [markdown]
# ## Search

# %%
index = Index(MemoryStore())
index.add_many((name, fingerprint(samples, RATE, query=False)) for name, samples in recordings.items())
part = recordings[first][12 * RATE : 18 * RATE]
fast = signal.resample(part, round(len(part) / 1.08))
noisy = (fast + np.sqrt(np.mean(fast**2)) * np.random.default_rng(1).standard_normal(len(fast))).astype(np.float32)
found = index.search(fingerprint(noisy, RATE))
assert found[0].recording == first
assert abs(found[0].reference_start_s - found[0].speed * found[0].query_start_s - 12) < 0.1
found[0]

# %% [markdown]
# The same for two files, with a picture, as `birthmark compare` draws it.

# %%
query = fingerprint(noisy, RATE)
draw(Path("alignment.png"), [(query, made, compare(query, made))], "suspect.wav", "recording.wav")
picture = plt.imread("alignment.png")
plt.figure(figsize=(9, 8))
plt.imshow(picture)
plt.axis("off")
Path("alignment.png").unlink()

# %% [markdown]
# ## Unrelated sound
#
# `log10_p` counts everything that was searched. For queries that are not in the index it must not be small more often
# than it says.

# %%
smallest = []
for seed in range(40):
    other = babble(1000 + seed, 5)
    smallest.append(min((a.log10_p for a in index.search(fingerprint(other, RATE), log10_p=0.0)), default=0.0))
assert min(smallest) > -4
print("share of 40 queries with p below 0.1:", np.mean(np.array(smallest) < -1))

# %% [markdown]
# ## Nobody can rebuild speech from it
#
# What the peaks allow without training anything: a short tone at each. Short-time objective intelligibility (STOI) of
# clean speech is 1. What comes out is a bubbling of tones with the rhythm of the sentence; no voice, and not the words
# as such. It is no proof: a model trained for it may guess some of them, so an index deserves the care that any data
# about people does.

# %%
from pystoi import stoi

samples = recordings[first][: 20 * RATE]
time = np.arange(len(samples)) / RATE
rebuilt = 1e-3 * np.random.default_rng(2).standard_normal(len(samples))
tone = np.arange(int(0.064 * RATE)) / RATE
window = np.hanning(len(tone))
for row, band, height in fingerprint(samples, RATE).peaks:
    at = int(row * ROW_S * RATE)
    piece = window * np.sin(2 * np.pi * 250 * 2 ** (band / 24) * tone) * (0.3 + 0.2 * height)
    rebuilt[at : at + len(piece)] += piece[: len(rebuilt) - at]
score = stoi(samples, rebuilt, RATE)
assert score < 0.65
print(f"STOI of tones at the peaks: {score:.2f}")
