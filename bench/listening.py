"""Perceptual metrics that only the benchmarks need: PESQ (ITU-T P.862) and STOI (Taal et al. 2011)."""

from __future__ import annotations

import numpy as np
from pesq import NoUtterancesError, pesq
from pystoi import stoi

from birthmark.attacks.arrays import Samples, resample


def _mono(samples: Samples) -> Samples:
    return samples if samples.ndim == 1 else samples.mean(axis=1)


def pesq_score(host: Samples, marked: Samples, rate: int) -> float | None:
    """Wide-band PESQ at 16 kHz, narrow-band for signals of 8 kHz; None where it hears no speech."""
    target, mode = (8000, "nb") if rate < 16000 else (16000, "wb")
    one, two = (resample(_mono(signal), rate, target) for signal in (host, marked))
    try:
        return float(pesq(target, one, two, mode))
    except NoUtterancesError:
        return None


def stoi_score(host: Samples, marked: Samples, rate: int) -> float:
    """Short-time objective intelligibility, 0 to 1."""
    return float(stoi(np.asarray(_mono(host), np.float64), np.asarray(_mono(marked), np.float64), rate))
