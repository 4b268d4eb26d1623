from typing import overload

import numpy as np
import numpy.typing as npt

from birthmark._core.keys import Key

TILE: int
PERIOD: float
HARMONICS: int
CODE_BITS: int
SLOT_SECONDS: float

class VideoPattern:
    def __init__(self, key: Key) -> None: ...
    def layout(self) -> dict[str, npt.NDArray[np.float32]]: ...

class VideoEmbedder:
    def __init__(
        self,
        key: Key,
        payload: int,
        width: int,
        height: int,
        *,
        similarity_loss: float = ...,
        psnr_db: float = ...,
        flat: float = ...,
        contrast: float = ...,
        coring: float = ...,
        held: bool = ...,
    ) -> None: ...
    @overload
    def embed(self, luma: npt.NDArray[np.uint8], seconds: float) -> None: ...
    @overload
    def embed(self, luma: npt.NDArray[np.uint16], seconds: float, bits: int) -> None: ...
    def embed_rgb(self, frame: npt.NDArray[np.uint8], seconds: float) -> None: ...

class VideoResidual:
    def __init__(self, width: int, height: int) -> None: ...
    @property
    def shape(self) -> tuple[int, int]: ...
    @overload
    def push(self, luma: npt.NDArray[np.uint8], seconds: float) -> None: ...
    @overload
    def push(self, luma: npt.NDArray[np.uint16], seconds: float, bits: int) -> None: ...
    def push_rgb(self, frame: npt.NDArray[np.uint8], seconds: float) -> None: ...
    def flush(self) -> None: ...
    def take(self) -> list[tuple[float, npt.NDArray[np.float32]]]: ...

class SyncRanges:
    scale_low: float
    scale_high: float
    degrees: float
    speed_low: float
    speed_high: float
    quarter_turns: bool
    def __init__(self) -> None: ...
    @property
    def candidates(self) -> int: ...

class SyncCandidate:
    @property
    def scale(self) -> float: ...
    @property
    def degrees(self) -> float: ...
    @property
    def mirrored(self) -> bool: ...
    @property
    def speed(self) -> float: ...
    @property
    def score(self) -> float: ...

class SyncSearch:
    def __init__(self, slots: npt.NDArray[np.float32], seconds: npt.NDArray[np.float64]) -> None: ...
    def best(self, pattern: VideoPattern, ranges: SyncRanges, count: int) -> list[SyncCandidate]: ...

def best_tilt(
    slots: npt.NDArray[np.float32], seconds: npt.NDArray[np.float64], pattern: VideoPattern
) -> tuple[npt.NDArray[np.float64], float]: ...
def sync_phasors(
    slots: npt.NDArray[np.float32],
    pattern: VideoPattern,
    matrix: npt.NDArray[np.float64],
    rows: int,
    columns: int,
) -> npt.NDArray[np.complex64]: ...
def fold_modes(
    slots: npt.NDArray[np.float32], pattern: VideoPattern, matrix: npt.NDArray[np.float64]
) -> npt.NDArray[np.complex64]: ...
