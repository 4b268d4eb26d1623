"""The voice signature: a keyed, zero-bit mark in how a voice shapes its spectrum, which synthetic voices inherit.

Frames of speech are sorted into soft classes by the coarse shape of their spectrum. The key gives each class its own
pattern of small gains over mel bands. Whoever copies the voice, with a codec, a vocoder or a model trained on it,
copies the gains with the sounds. The detector correlates fine spectrum with class, whitens the result with the
statistics of unmarked voices and tests the signs of the key. See docs/signature.md for the method and its limits.

The test is exact: under the null the signs of a key are independent fair coins whatever the recording, so the
statistic is a weighted sum of random signs.
"""

from .contrasts import (
    BANDS,
    CLASSES,
    MIN_SPEECH,
    WARPS,
    Contrasts,
    ContrastStream,
    Moments,
    Real,
    Samples,
    contrasts,
    contrasts_of,
)
from .detection import LOG10_P, SignatureResult, SignatureTest, detect, detect_contrasts
from .embedding import SignatureCheck, SignatureEmbedStream, SignatureReport, embed
from .profiles import Profile, profile, profile_of
from .whitening import coefficients_of

__all__ = [
    "BANDS",
    "CLASSES",
    "LOG10_P",
    "MIN_SPEECH",
    "WARPS",
    "ContrastStream",
    "Contrasts",
    "Moments",
    "Profile",
    "Real",
    "Samples",
    "SignatureCheck",
    "SignatureEmbedStream",
    "SignatureReport",
    "SignatureResult",
    "SignatureTest",
    "coefficients_of",
    "contrasts",
    "contrasts_of",
    "detect",
    "detect_contrasts",
    "embed",
    "profile",
    "profile_of",
]
