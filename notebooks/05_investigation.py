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
# # An investigation: whose mark is it, and who passed it on
#
# Two people sell a voice and a video to two buyers each. Three copies leak. A scan of what turned up names the
# buyers, and a report tells it to outsiders. `birthmark demo` tells the same story on the command line.

# %%
import os
import shutil
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from birthmark.attacks import AUDIO
from birthmark.cli import story_media
from birthmark.evidence import read_results, report
from birthmark.media import read_audio, write_audio
from birthmark.registry import Registry
from birthmark.scan import scan

folder = Path(tempfile.mkdtemp(prefix="birthmark-"))
downloads = folder / "downloads"
downloads.mkdir()

# %% [markdown]
# ## Enrol, deliver
#
# The registry's secret seals the keys: here a key file, else a passphrase. Each delivery draws a mark ID of 64 random
# bits, puts it into the copy and registers it, both or neither.

# %%
voice, walk = folder / "voice.wav", folder / "walk.mp4"
write_audio(voice, story_media.speech(40.0, "conf"), story_media.RATE)
story_media.convert(story_media.clip("vtest.avi"), walk, start=0.0, end=12.0, height=432, crf=16)

secret = folder / "secret"
secret.write_bytes(os.urandom(32))
registry = Registry.create(folder / "registry", secret)
for person, original, buyers in (("anna", voice, ("Aldebaran", "Bellatrix")), ("ben", walk, ("Capella", "Deneb"))):
    registry.add_person(person)
    for buyer in buyers:
        made = registry.deliver(
            original,
            folder / f"{buyer}{original.suffix}",
            person=person,
            recipient=buyer,
            licence="May train models; may not be passed on.",
        )
        print(f"{person} to {buyer}: mark {made.mark_id:016x}")

# %% [markdown]
# ## What became of the copies
#
# Aldebaran's goes into a podcast, through five codecs. Bellatrix has a synthesiser speak it again. Deneb's is cut,
# scaled and uploaded twice. Two innocent files lie beside them, one of the same speaker.


# %%
def samples_of(path: Path) -> np.ndarray:
    """One channel of a file."""
    return np.ascontiguousarray(read_audio(path)[0], np.float32).reshape(-1)


others = [story_media.speech(20.0, first) for first in ("vm-", "queue")]
write_audio(
    downloads / "podcast.mp3", story_media.podcast(samples_of(folder / "Aldebaran.wav"), others[0]), story_media.RATE
)
write_audio(
    downloads / "assistant.mp3", story_media.spoken_again(samples_of(folder / "Bellatrix.wav")), story_media.RATE
)
story_media.convert(folder / "Deneb.mp4", downloads / "street.mp4", start=1.0, end=11.0, height=360, crf=27)
write_audio(downloads / "audiobook.mp3", AUDIO["aac_64k"](others[1], story_media.RATE, seed=5), story_media.RATE)
story_media.convert(story_media.clip("tree.avi"), downloads / "garden.mp4", start=0.0, end=6.0, height=240, crf=26)

# %% [markdown]
# ## Scan

# %%
for result in scan([downloads], registry, out=folder / "results"):
    names = sorted({f"{hit.handle} by way of {hit.recipient}" for hit in result.hits if hit.accepted and hit.recipient})
    print(f"{Path(result.file.path).name:<14} {', '.join(names) or 'nothing'}")

# %% [markdown]
# ## Lines of evidence
#
# Each line is independent of the others in what it rests on. The bars are p-values after correction for everything
# that was searched in the whole scan: 3 is one false hit in a thousand scans.

# %%
results = read_results(folder / "results")
hits = results.accepted()
figure, axes = plt.subplots(figsize=(9, 3.5))
labels = [f"{Path(hit.path).name}: {hit.line}" for hit in hits]
axes.barh(labels, [-hit.log10_p_scan for hit in hits], color="#3b6ea5")
axes.axvline(3, color="k", linestyle=":")
axes.set(xscale="log", xlabel="-log10 p, corrected for the scan")
axes.invert_yaxis()
figure.tight_layout()

# %% [markdown]
# The right buyer each time, and nobody else:

# %%
buyers_named = {Path(hit.path).name: hit.recipient for hit in hits if hit.recipient}
assert buyers_named == {"podcast.mp3": "Aldebaran", "assistant.mp3": "Bellatrix", "street.mp4": "Deneb"}
assert {Path(hit.path).name for hit in hits} == set(buyers_named)
buyers_named

# %% [markdown]
# ## The report, and the registry's own account
#
# The report is one page for a browser. The scan noted its sightings in the registry, whose log shows if anybody edits
# it later.

# %%
report(results, folder / "report.html")
checked = registry.verify()
assert checked.ok
print(f"report of {(folder / 'report.html').stat().st_size / 1e3:.0f} kB, {len(registry.sightings())} sightings")
print(f"log of {checked.entries} entries, head {checked.head}")

# %% [markdown]
# Ben revokes the licence, Anna asks to be forgotten. Her keys and fingerprints are gone, the log stays verifiable.

# %%
deneb = next(one for one in registry.deliveries("ben") if one.recipient == "Deneb")
registry.revoke(deneb, "passed on")
print(registry.forget("anna"))
assert registry.verify().ok
assert {one.person_id for one in registry.keys()} == {deneb.person_id}

registry.close()
shutil.rmtree(folder)
