from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from birthmark.attacks import Samples
from birthmark.attacks.frames import scene
from birthmark.attacks.mixing import talker
from birthmark.media.encode import AvEncoder, Signal
from birthmark.media.formats import Target

RATE = 22050
FRAME_RATE = 25


@pytest.fixture(scope="session")
def voice() -> Samples:
    return talker(2 * RATE, RATE, seed=1) * np.float32(0.8)


@pytest.fixture
def movie(tmp_path: Path, voice: Samples) -> Path:
    """A two-second MP4: picture, sound, tags, rotation-free."""
    path = tmp_path / "movie.mp4"
    with av.open(str(path), "w") as output:
        output.metadata["title"] = "a walk"
        picture = output.add_stream("libx264", rate=FRAME_RATE, options={"preset": "ultrafast"})
        assert isinstance(picture, av.VideoStream)
        picture.width, picture.height, picture.pix_fmt = 96, 64, "yuv420p"
        sound = AvEncoder(output, Target("", "mp4", ("aac",)), Signal(RATE, 1), None)
        for index, frame in enumerate(scene(64, 96, FRAME_RATE, frames=2 * FRAME_RATE)):
            output.mux(picture.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
            step = RATE // FRAME_RATE
            sound.write(voice[index * step : (index + 1) * step, None])
        output.mux(picture.encode(None))
        sound.finish()
    return path
