from functools import lru_cache

import numpy as np
import pytest

from birthmark.attacks.arrays import Samples, resample
from birthmark.keys import Key
from corpus import prompt_speech, voices

PAYLOAD = 0x0123456789ABCDEF


@lru_cache(maxsize=64)
def speech(seconds: float, rate: int = 16000, seed: int = 0, voice: int = 0) -> Samples:
    """Real speech; not to be changed in place."""
    names = sorted(voices())
    samples = prompt_speech(names[voice % len(names)], seconds, seed)
    return samples if rate == 16000 else np.asarray(resample(samples, 16000, rate), np.float32)


@pytest.fixture(scope="session")
def key() -> Key:
    return Key(bytes(range(32)))
