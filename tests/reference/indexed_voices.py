"""Synthetic voices and an index of them, for tests that search."""

from birthmark.fingerprint import fingerprint
from birthmark.index import Index, MemoryStore
from tests.reference.voices import Samples, babble

RATE = 16000
VOICES = [babble(seed, 30) for seed in range(4)]


def index_of_voices() -> Index:
    """VOICES, named "voice 0" to "voice 3", in memory."""
    index = Index(MemoryStore())
    index.add_many((f"voice {i}", fingerprint(voice, RATE, query=False)) for i, voice in enumerate(VOICES))
    return index


def excerpt(voice: int, start_s: float, seconds: float) -> Samples:
    """A passage of one of VOICES."""
    return VOICES[voice][round(start_s * RATE) : round((start_s + seconds) * RATE)]
