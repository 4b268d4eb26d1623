"""What a speech recogniser hears, and how far that is from what was said. Needs the package pocketsphinx."""

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pocketsphinx import Decoder

_FULL_SCALE = 32767


def listener(rate: int) -> Decoder:
    """A decoder with the US English model that pocketsphinx brings."""
    return Decoder(samprate=rate, loglevel="FATAL")


def words(text: str) -> list[str]:
    """Lower-case words without punctuation, hyphens and the recogniser's numbers of variants."""
    return re.findall(r"[a-z']+", text.lower())


def edits(wanted: list[str], heard: list[str]) -> int:
    """Substitutions, insertions and deletions between two rows of words (Levenshtein)."""
    row = list(range(len(heard) + 1))
    for i, word in enumerate(wanted, 1):
        last, row[0] = row[0], i
        for j, other in enumerate(heard, 1):
            last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + (word != other))
    return row[-1]


def understood(decoder: Decoder, samples: NDArray[np.floating[Any]]) -> list[str]:
    """The words that the decoder makes of samples in [-1, 1] at its rate."""
    decoder.start_utt()
    decoder.process_raw((np.clip(samples, -1, 1) * _FULL_SCALE).astype("<i2").tobytes(), full_utt=True)
    decoder.end_utt()
    found = decoder.hyp()
    return words(found.hypstr) if found else []
