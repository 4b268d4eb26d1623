import numpy as np
from numpy.typing import NDArray

AGREEING_DISTANCE: int
TOP_LEVEL: int
CODE_BITS: int
CODE_TABLES: int

def grid(frame: NDArray[np.uint8], side: int) -> NDArray[np.float32]: ...
def transform_bits(bits: NDArray[np.uint32], form: int) -> NDArray[np.uint32]: ...
def codes(bits: NDArray[np.uint32], table: int) -> NDArray[np.uint32]: ...
def inverse_form(form: int) -> int: ...

class FrameDescriber:
    def __init__(self, sparse_only: bool = False) -> None: ...
    def describe(
        self, frame: NDArray[np.uint8]
    ) -> tuple[
        NDArray[np.float32],
        NDArray[np.float32],
        NDArray[np.uint8],
        NDArray[np.uint8],
        NDArray[np.uint32],
    ]: ...

class FeatureTable:
    def __init__(
        self,
        x: NDArray[np.float32],
        y: NDArray[np.float32],
        level: NDArray[np.uint8],
        bits: NDArray[np.uint32],
        frame_start: NDArray[np.uint32],
        width: float,
        height: float,
    ) -> None: ...
    def tracks(self) -> NDArray[np.uint32]: ...

class VideoMatcher:
    def __init__(self, query: FeatureTable) -> None: ...
    def test(
        self, reference: FeatureTable, frames: NDArray[np.uint32], maps: NDArray[np.float32]
    ) -> tuple[
        NDArray[np.float32],
        NDArray[np.uint32],
        NDArray[np.uint32],
        NDArray[np.uint32],
        NDArray[np.float32],
        NDArray[np.uint8],
    ]: ...
