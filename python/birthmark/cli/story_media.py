"""The media of the story that `birthmark demo` tells: originals of Debian packages, and what others do with copies."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from birthmark.errors import MediaError

if TYPE_CHECKING:
    from birthmark.attacks import Samples

PROMPTS = Path("/usr/share/asterisk/sounds/en_US_f_Allison")
"""Where the Debian package asterisk-core-sounds-en-g722 puts recorded speech."""

CLIPS = Path("/usr/share/doc/opencv-doc/examples/data")
"""Where the Debian package opencv-doc puts video."""

RATE = 16000
_PAUSE = RATE // 4


def speech(seconds: float, first: str, folder: Path = PROMPTS) -> Samples:
    """Recorded prompts one after another (G.722, 16 kHz), from the first whose name is `first` or later.

    Raises MediaError where too few are installed.
    """
    import numpy as np

    from birthmark.attacks.codecs import decode_av

    parts: list[Samples] = []
    total = 0
    for path in sorted(folder.glob("*.g722")):
        if path.name < first:
            continue
        block, _ = decode_av(path.read_bytes(), "g722")
        parts += [block[:, 0], np.zeros(_PAUSE, np.float32)]
        total += len(block) + _PAUSE
        if total >= seconds * RATE:
            return np.concatenate(parts)[: round(seconds * RATE)]
    raise MediaError(
        "no recorded speech is installed; name a recording of yours, birthmark demo FILE, or install the Debian "
        "package asterisk-core-sounds-en-g722"
    )


def clip(name: str, folder: Path = CLIPS) -> Path:
    """A video of the package; raises MediaError where it is not installed."""
    path = folder / name
    if not path.is_file():
        raise MediaError(
            "no video is installed; name a recording of yours, birthmark demo FILE, or install the Debian package "
            "opencv-doc"
        )
    return path


def convert(source: Path, target: Path, *, start: float, end: float, height: int, crf: int) -> None:
    """Cut a video and encode its picture anew (H.264, `height` lines), as an uploader would; sound is left out."""
    import av

    with av.open(str(source)) as given, av.open(str(target), "w") as made:
        video = given.streams.video[0]
        rate: Any = video.average_rate
        width = round(video.width * height / video.height / 2) * 2
        options = {"crf": str(crf), "preset": "fast", "threads": "1"}
        stream: Any = made.add_stream("libx264", rate=rate, options=options)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for number, frame in enumerate(_between(given.decode(video), start, end)):
            scaled = frame.reformat(width, height, "yuv420p")
            scaled.pts, scaled.time_base = number, 1 / rate
            made.mux(stream.encode(scaled))
        made.mux(stream.encode(None))


def _between(frames: Iterator[Any], start: float, end: float) -> Iterator[Any]:
    for frame in frames:
        if frame.time >= end:
            return
        if frame.time >= start:
            yield frame


def podcast(copy: Samples, around: Samples) -> Samples:
    """A third of a copy, through a messenger's codec, between other speech, levelled and coded as on upload."""
    import numpy as np

    from birthmark.attacks import AUDIO

    third = len(copy) // 3
    passage = AUDIO["opus_16k"](copy[third : 2 * third], RATE, seed=1)
    middle = len(around) // 2
    return AUDIO["social_media"](np.concatenate([around[:middle], passage, around[middle:]]), RATE, seed=2)


def spoken_again(copy: Samples) -> Samples:
    """A voice synthesised from the mel spectrogram of a copy: no sample of the copy is kept, nor any phase."""
    from birthmark.attacks import AUDIO

    return AUDIO["mp3_64k"](AUDIO["griffin_lim"](copy, RATE, seed=3), RATE, seed=4)
