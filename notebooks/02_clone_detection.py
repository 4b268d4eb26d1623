# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Clone detection
#
# Mark a voice, let a small model learn it, and look for the signature in sentences that the voice never said. The
# method and its limits: `docs/signature.md`. The model, plain numpy over the WORLD vocoder, is `bench/cloning.py`; this
# notebook teaches it two minutes. `experiments/signature_conversion.py` is the same with ten.

# %%
import sys
from pathlib import Path

root = next(up for up in (Path.cwd(), *Path.cwd().parents) if (up / "bench" / "cloning.py").is_file())
sys.path[:0] = [str(root / "bench"), str(root / "python")]

import matplotlib.pyplot as plt
import numpy as np

from birthmark import signature
from birthmark.keys import Key
from cloning import RATE, analyse, model, prompts, said

# %% [markdown]
# ## A voice and its signature
#
# The key gives every class of sounds (rows) its own curve of small gains over 48 mel bands (columns).

# %%
key = Key(bytes(range(32)))
voice = prompts("en", 120.0)
marked = signature.embed(voice, RATE, key)

from birthmark._core.voice_signature import pattern

plt.figure(figsize=(8, 4))
plt.imshow(pattern(key), aspect="auto", cmap="RdBu_r")
plt.colorbar(label="dB")
plt.xlabel("mel band, 200 to 7000 Hz")
plt.ylabel("class of sounds")

# %% [markdown]
# Five seconds of a marked copy are enough, and an unmarked copy or another key give ordinary p-values.

# %%
for name, samples, tried in (
    ("marked, 5 s", marked[: 5 * RATE], key),
    ("marked, all", marked, key),
    ("unmarked", voice, key),
    ("another key", marked, key.decoy(0)),
):
    test = signature.detect(samples, RATE, tried).pooled[0]
    print(f"{name:12} log10_p {test.log10_p:6.1f}  z {test.z:5.1f}  {test.speech_s:5.1f} s of speech")

# %% [markdown]
# ## A model learns the voice
#
# It sees what is said, speaker-normalised and coarse, and learns how this voice shapes its spectrum. Then another
# speaker drives it. Nothing of a marked recording is in what it says, only what the model has learnt.

# %%
driver = analyse(prompts("ru", 75.0, 700.0))
clones = {
    name: said(model([analyse(samples, spoken=False)], steps=500), driver)
    for name, samples in (("unmarked", voice), ("marked", marked))
}

# %%
wrong = [key.decoy(n, "wrong") for n in range(200)]
plt.figure(figsize=(8, 3))
scores = {}
for row, (name, sound) in enumerate(clones.items()):
    own, *others = signature.detect(sound, RATE, [key, *wrong]).pooled
    scores[name] = own.z
    plt.scatter([test.z for test in others], np.full(len(others), row), marker="|", color="grey")
    plt.scatter([own.z], [row], color="crimson")
    print(f"clone of the {name} voice: log10_p {own.log10_p:5.2f}, z {own.z:4.1f}")
plt.yticks([0, 1], list(clones))
plt.xlabel("z: the key (red) and 200 keys never used (grey)")

# %% [markdown]
# Two minutes and a 75 s suspect are little for a verdict at one in a million. They show the direction: the key
# stands apart from the others in the clone of the marked voice. More training speech and more suspect speech, pooled,
# add up.

# %%
assert signature.detect(marked, RATE, key).pooled[0].accepted
assert not signature.detect(voice, RATE, key).pooled[0].accepted
assert scores["marked"] > scores["unmarked"]
