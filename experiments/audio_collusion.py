"""What buyers can do with copies of the audio mark: average them, mark them again, carry the mark to another recording.

    python experiments/audio_collusion.py

Five voices, 20 s each, three copies each. What it printed is in docs/threat_model.md.
"""

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "bench"))

from birthmark import signature
from birthmark.attacks import AUDIO
from birthmark.keys import Key
from birthmark.watermark import Detection, detect, embed, issued_ids
from corpus import prompt_speech, voices

RATE = 16000
SECONDS = 20.0
COPIES = 3


def told(marks: list[Detection], right: set[int]) -> str:
    """What a detector said: right or wrong, and how sure."""
    return ", ".join(f"{'right' if m.payload in right else 'WRONG'} {m.log10_p:.0f}" for m in marks) or "nothing"


def main() -> None:
    """Print what was found after each attack."""
    key = Key.generate()
    rng = np.random.default_rng(0)
    hosts = [prompt_speech(voice, SECONDS, seed) for seed, voice in enumerate(sorted(voices()))]
    ids = [[int(one) for one in rng.integers(1, 2**63, COPIES)] for _ in hosts]
    signed = [signature.embed(host, RATE, key) for host in hosts]  # as `registry deliver` does it
    copies = [[embed(host, RATE, one, key) for one in mine] for host, mine in zip(signed, ids, strict=True)]
    issued = issued_ids([one for mine in ids for one in mine])
    for i, (host, mine, marked) in enumerate(zip(hosts, ids, copies, strict=True)):
        for count in (2, 3):
            mean = np.mean(marked[:count], axis=0).astype(np.float32)
            right = set(mine[:count])
            blind, aided = detect(mean, RATE, key), detect(mean, RATE, key, ids=issued)
            print(f"{i}: {count} averaged: blind {told(blind, right)}; among issued IDs {told(aided, right)}")
        again = embed(marked[0], RATE, 1, Key.generate())
        print(f"{i}: second mark on top: {told(detect(again, RATE, key, ids=issued), {mine[0]})}")
        other = hosts[(i + 1) % len(hosts)]
        guessed = marked[0] - AUDIO["denoise"](marked[0], RATE, seed=0)
        for name, residue in (("guessed by a denoiser", guessed), ("known from the original", marked[0] - host)):
            forged = detect(other + residue, RATE, key, ids=issued)
            print(f"{i}: mark {name}, put on another voice: {told(forged, {mine[0]})}")


if __name__ == "__main__":
    main()
