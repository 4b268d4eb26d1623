from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .keys import Key

VERSION: int
CLASSES: int
BANDS: int
FRAME_SECONDS: float

def chips(key: Key) -> NDArray[np.int8]: ...
def band_spread() -> NDArray[np.float32]: ...
def pattern(key: Key) -> NDArray[np.float32]: ...

class SignatureEmbedder:
    def __init__(self, key: Key, rate: float, channels: int = 1, strength: float = 1.0) -> None: ...
    @property
    def latency(self) -> int: ...
    def process(self, samples: NDArray[np.floating]) -> NDArray[np.float32]: ...
    def flush(self) -> NDArray[np.float32]: ...

class SignatureAnalyser:
    def __init__(self, rate: float, warps: Sequence[float]) -> None: ...
    def push(self, samples: NDArray[np.floating]) -> None: ...
    def finish(
        self,
    ) -> list[
        tuple[
            float,
            NDArray[np.float64],
            NDArray[np.float64],
            NDArray[np.float64],
            NDArray[np.float64],
            NDArray[np.float64],
        ]
    ]: ...
