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
# # The video mark
#
# A clip of OpenCV's documentation is marked, looked at, attacked, and searched. Method and figures: docs/video.md.

# %%
from itertools import islice
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from birthmark._core import coding
from birthmark._core import video_mark as core
from birthmark.attacks import VIDEO
from birthmark.attacks.video_codec import decode_from, transcode, video_rate, x264
from birthmark.keys import Key
from birthmark.quality import psnr_db, ssim
from birthmark.video_watermark import VideoDetectStream, VideoEmbedStream
from birthmark.video_watermark.registration import Pattern
from birthmark.video_watermark.statistics import soft_bits, spectrum

CLIP = Path("/usr/share/doc/opencv-doc/examples/data/Megamind.avi")
PAYLOAD = 0xFEEDFACE12345678
key = Key(bytes(range(32)))
rate = video_rate(CLIP)
host = list(islice(decode_from(CLIP), 30, 30 + round(4 * rate)))
height, width = host[0].shape[:2]
stream = VideoEmbedStream(width, height, key, PAYLOAD)
marked = [stream.embed(frame, index / rate) for index, frame in enumerate(host)]

# %% [markdown]
# ## What it looks like
# Left the marked frame, in the middle the change 20 times amplified around grey, right its spectrum over space: the
# ring of the payload and the peaks of the sync template.

# %%
index = len(host) // 2
change = marked[index][..., 1].astype(float) - host[index][..., 1]
_, axes = plt.subplots(1, 3, figsize=(14, 4))
axes[0].imshow(marked[index])
axes[1].imshow(128 + 20 * change, cmap="gray", vmin=0, vmax=255)
axes[2].imshow(np.log1p(np.abs(np.fft.fftshift(np.fft.fft2(change)))), cmap="magma")
axes[2].set_xlim(width / 2 - 90, width / 2 + 90)
axes[2].set_ylim(height / 2 - 60, height / 2 + 60)
for axis in axes:
    axis.set_axis_off()
print(f"PSNR {psnr_db(host[index], marked[index]):.1f} dB, SSIM {ssim(host[index], marked[index]):.4f}")

# %% [markdown]
# ## No flicker
# Power of the change over temporal frequency.

# %%
changes = np.stack([a[::8, ::8, 1].astype(float) - b[::8, ::8, 1] for a, b in zip(marked, host, strict=True)])
power = (np.abs(np.fft.rfft(changes * np.hanning(len(changes))[:, None, None], axis=0)) ** 2).mean(axis=(1, 2))
plt.figure(figsize=(6, 3))
plt.semilogy(np.fft.rfftfreq(len(changes), 1 / rate), power)
plt.xlabel("Hz")
plt.ylabel("power of the change")


# %% [markdown]
# ## What attacks do to the soft bits
# Soft bits times the chips that were sent: right of 0 is right. The title says what the detector makes of them.


# %%
def soft_of(frames: list[np.ndarray], frame_rate: float) -> np.ndarray:
    residual = core.VideoResidual(frames[0].shape[1], frames[0].shape[0])
    for number, frame in enumerate(frames):
        residual.push_rgb(frame, number / frame_rate)
    residual.flush()
    seconds, slots = zip(*residual.take(), strict=True)
    pattern = Pattern(key)
    folded = core.fold_modes(np.stack(slots), pattern.core, np.eye(3))
    soft = soft_bits(spectrum(folded, np.array(seconds)), pattern)
    return np.asarray(soft.values / soft.deviation * coding.PayloadCode(core.CODE_BITS).encode(PAYLOAD))


def verdict(frames: list[np.ndarray], frame_rate: float) -> str:
    detector = VideoDetectStream(frames[0].shape[1], frames[0].shape[0], [key])
    for number, frame in enumerate(frames):
        detector.push(frame, number / frame_rate)
    found = detector.finish()
    if not found:
        return "nothing found"
    assert found[0].payload == PAYLOAD
    one = found[0].geometry
    return f"p = 10^{found[0].log10_p:.0f}\nscale {one.scale:.2f}, turn {one.rotation_deg:.1f}°, mirror {one.mirror}"


_, axes = plt.subplots(1, 5, figsize=(18, 3.5))
verdicts = {}
for axis, name in zip(axes, ("none", "x264_28", "scale_144p", "crop_75", "rotate_5"), strict=True):
    clip = VIDEO[name](iter(marked), rate, seed=1)
    received = [np.ascontiguousarray(frame) for frame in transcode(clip.frames, clip.rate, encoder=x264(23)).frames]
    axis.hist(soft_of(received, clip.rate), bins=40)
    axis.axvline(0, color="black")
    verdicts[name] = verdict(received, clip.rate)
    axis.set_title(f"{name}: {verdicts[name]}", fontsize=9)
assert "p =" in verdicts["none"]
assert "p =" in verdicts["rotate_5"]

# %% [markdown]
# Crop and turn move the carrier away from where it was put, so the soft bits taken at the old place are noise; the
# detector finds the new place by the sync template. Without the mark, or with another key, nothing is found:

# %%
assert verdict(host, rate) == "nothing found"
