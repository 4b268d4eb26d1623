"""The video mark on real clips: survival of attacks, invisibility, speed, false positives."""

from __future__ import annotations

import argparse
import io
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice, product
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

import corpus
from birthmark._core import coding
from birthmark._core import video_mark as core
from birthmark.attacks import VIDEO, Frame
from birthmark.attacks.video_codec import decode_from, encode_to, video_rate, x264
from birthmark.keys import Key
from birthmark.quality import psnr_db, ssim
from birthmark.video_watermark import VideoDetection, VideoDetectStream, VideoEmbedStream, detect_video, embed_video
from birthmark.video_watermark.encoders import add_encoder
from birthmark.video_watermark.planes import luma_view, open_video
from birthmark.video_watermark.registration import Pattern
from birthmark.video_watermark.statistics import soft_bits, spectrum
from tables import heading, table
from vmaf import vmaf

PAYLOAD = 0xFEEDFACE12345678
QUALITY_SECONDS = 5.0
_RUNS = 3  # of what is timed end to end
CLIPS = "selfie,chair,Megamind,vtest"
_CODECS = ("x264_28", "x264_35", "x265_34", "vp9_40", "vp9_50", "av1_55", "x264_40", "gif")
GOALS: dict[int, tuple[str, ...]] = {
    95: (
        "none", "x264_28", "x264_35", "x265_34", "vp9_40", "vp9_50", "av1_55", "scale_360p", "half_rate", "trim_5s",
        "speed_0.5", "speed_0.8", "speed_1.25", "speed_2.0", "brightness_+40", "contrast_1.5", "contrast_0.6",
        "saturation_1.8", "greyscale", "logo", "caption", "mirror",
    ),
    90: (
        "x264_40", "scale_144p", "crop_75", "crop_50", "letterbox", "letterbox_same", "pillarbox", "pillarbox_same",
        "blur", "noise", "gif", "splice",
    ),
    75: ("rotate_5", "rotate_5_fill", "screen", "pip_50", "mirror_border"),
    0: ("pip_25", "rotate_90", "freeze"),
}  # fmt: skip
DECISIVE = "x264_35,av1_55,half_rate,speed_0.5,caption,x264_40,scale_144p,crop_50,gif,splice,screen,pip_50"

Pair = tuple[av.VideoFrame, av.VideoFrame]


@dataclass(frozen=True)
class Video:
    """One host clip."""

    name: str
    frames: list[Frame]
    rate: float
    source: Path
    seconds: float


def hosts(seconds: float, names: list[str] | None = None) -> list[Video]:
    """The first seconds of every real video whose name holds one of `names`."""
    wanted = [path for path in corpus.video_files() if names is None or any(name in path.name for name in names)]
    return [_host(path, seconds) for path in wanted]


def _host(path: Path, seconds: float) -> Video:
    rate = video_rate(path)
    return Video(path.stem, list(islice(decode_from(path), round(seconds * rate))), rate, path, seconds)


def embed(video: Video, key: Key, seconds: float) -> list[Pair]:
    """Pairs of pictures as decoded and as marked, in 4:2:0 before any encoder."""
    pairs = []
    with open_video(video.source) as (container, stream):
        marker = VideoEmbedStream(stream.codec_context.width, stream.codec_context.height, key, PAYLOAD)
        for index, frame in enumerate(islice(container.decode(stream), round(seconds * video.rate))):
            planes = frame.to_ndarray(format="yuv420p")
            marked = av.VideoFrame.from_ndarray(planes, format="yuv420p")
            marker.embed_luma(luma_view(marked)[0], index / video.rate)
            pairs.append((av.VideoFrame.from_ndarray(planes, format="yuv420p"), marked))
    return pairs


def embed_file(video: Video, key: Key) -> list[Frame]:
    """The frames of a file that `birthmark embed` has marked, in its default settings."""
    with tempfile.TemporaryDirectory() as folder:
        cut, target = Path(folder) / f"cut{video.source.suffix}", Path(folder) / "marked.mp4"
        _cut(video.source, cut, video.seconds)
        embed_video(cut, target, key, PAYLOAD, verify=False)
        return list(islice(decode_from(target), len(video.frames)))


def _cut(source: Path, target: Path, seconds: float) -> None:
    """The picture's packets of the first seconds, as they are."""
    with open_video(source) as (container, stream), av.open(str(target), "w") as output:
        copy = output.add_stream_from_template(stream)
        for packet in container.demux(stream):
            if packet.dts is not None and float(packet.dts * packet.time_base) < seconds:
                packet.stream = copy
                output.mux(packet)


def detect(frames: Iterable[Frame], rate: float, key: Key) -> list[VideoDetection]:
    """Detections in a clip."""
    stream: VideoDetectStream | None = None
    for index, frame in enumerate(frames):
        stream = stream or VideoDetectStream(frame.shape[1], frame.shape[0], [key])
        stream.push(np.ascontiguousarray(frame), index / rate)
    return [] if stream is None else stream.finish()


def upload(frames: Iterable[Frame], rate: float, crf: int = 23) -> tuple[list[Frame], int]:
    """Frames after x264 as an uploader would use it, and the bytes it took."""
    data = io.BytesIO()
    size = encode_to(data, frames, rate, x264(crf, "veryfast"))
    length = data.tell()
    data.seek(0)
    return list(decode_from(data, size)), length


def robustness(videos: list[Video], attacks: list[str] | None, per_attack: int) -> None:
    """Exact payloads per attack on what `birthmark embed` writes; x264 at crf 23 follows every attack but the codecs.

    Each attack meets `per_attack` of the clips, the next ones in turn.
    """
    key, rows, turn = Key.generate(), [], 0
    marked: dict[int, list[Frame]] = {}
    for goal, names in GOALS.items():
        for name in names:
            if attacks is not None and name not in attacks:
                continue
            lost, wrong, log10_p = [], 0, []
            for _ in range(min(per_attack, len(videos))):
                number, turn = turn % len(videos), turn + 1
                video = videos[number]
                if number not in marked:
                    marked[number] = embed_file(video, key)
                clip = VIDEO[name](iter(marked[number]), video.rate, seed=number)
                received = list(clip.frames) if name in _CODECS else upload(clip.frames, clip.rate)[0]
                found = detect(received, clip.rate, key)
                if not any(one.payload == PAYLOAD for one in found):
                    lost.append(video.name)
                wrong += sum(one.payload != PAYLOAD for one in found)
                log10_p.append(found[0].log10_p if found else 0.0)
            exact = f"{len(log10_p) - len(lost)} of {len(log10_p)}"
            rows.append([name, goal, exact, wrong, f"{max(log10_p):.1f}", " ".join(lost)])
            print(" | ".join(map(str, rows[-1])), flush=True)
    print(heading("Robustness", f"{len(videos)} real clips in turn: {', '.join(v.name for v in videos)}"))
    print(table(["attack", "goal %", "exact", "wrong", "worst log10 p", "lost on"], rows))


def quality(videos: list[Video]) -> None:
    """PSNR, SSIM, growth of bit rate and loss of VMAF at equal encoder quality, and the change's spread over time."""
    key, rows = Key.generate(), []
    costs: list[list[float]] = []
    for whole in videos:
        pairs = embed(whole, key, QUALITY_SECONDS)
        chosen = [(_luma(a), _luma(b)) for a, b in pairs[:: max(1, len(pairs) // 12)]]
        levels = [psnr_db(before, after) for before, after in chosen]
        alike = [ssim(before, after) for before, after in chosen]
        cost = [value for crf in (23, 28) for value in _cost(pairs, whole.rate, crf)]
        costs.append(cost)
        rows.append(
            [
                whole.name,
                min(levels),
                float(np.mean(levels)),
                f"{min(alike):.4f}",
                f"{np.mean(alike):.4f}",
                *cost,
                _flicker(pairs, whole.rate),
            ]
        )
    mean = np.array(costs).mean(axis=0)
    rows.append(["mean of all", "", "", "", "", *mean, ""])
    print(heading("Invisibility", f"first {QUALITY_SECONDS:.0f} s of {len(videos)} real clips"))
    columns = ["clip", "PSNR min", "mean", "SSIM min", "mean", "crf 23: bits +%", "VMAF -", "crf 28: bits +%", "VMAF -"]
    columns.append("% of change above 2 Hz")
    print(table(columns, rows))


def _cost(pairs: list[Pair], rate: float, crf: int) -> tuple[float, float]:
    """Percent by which the marked picture takes more bytes, and points of VMAF it loses (NaN without libvmaf)."""
    originals, marked = zip(*pairs, strict=True)
    (plain_size, plain), (marked_size, changed) = (_encoded(frames, rate, crf) for frames in (originals, marked))
    before, after = vmaf(plain, originals), vmaf(changed, originals)
    loss = float("nan") if before is None or after is None else before - after
    return 100.0 * (marked_size / plain_size - 1.0), loss


def _encoded(frames: Sequence[av.VideoFrame], rate: float, crf: int) -> tuple[int, bytes]:
    """Bytes of the packets by x264, and the file."""
    settings, size, file = x264(crf, "veryfast"), 0, io.BytesIO()
    with av.open(file, "w", format="mp4") as output:
        stream = output.add_stream(
            settings.codec, rate=Fraction(rate).limit_denominator(1001), options=dict(settings.options)
        )
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = frames[0].width, frames[0].height, frames[0].format.name
        for index, frame in enumerate(frames):
            frame.pts = index
            for packet in stream.encode(frame):
                size += packet.size
                output.mux(packet)
        for packet in stream.encode(None):
            size += packet.size
            output.mux(packet)
    return size, file.getvalue()


def _flicker(pairs: list[Pair], rate: float) -> float:
    """Share of the change's power that varies faster than 2 Hz."""
    change = np.stack([_luma(after)[::8, ::8] - _luma(before)[::8, ::8] for before, after in pairs])
    power = (np.abs(np.fft.rfft(change * np.hanning(len(change))[:, None, None], axis=0)) ** 2).sum(axis=(1, 2))
    return float(100 * power[np.fft.rfftfreq(len(change), 1 / rate) > 2].sum() / power.sum())


def _luma(frame: av.VideoFrame) -> NDArray[np.float64]:
    return luma_view(frame)[0].astype(np.float64)


def speed(videos: list[Video]) -> None:
    """Kernels and whole searches in frames per second on one thread, beside a bare transcode and DWT-DCT."""
    rows = []
    source = max(videos, key=lambda video: len(video.frames))
    for height, width in ((1080, 1920), (480, 848)):
        unmarked = [_fit(frame, height, width)[..., 1].copy() for frame in source.frames]
        marked = [plane.copy() for plane in unmarked]
        key = Key.generate()
        embedder = core.VideoEmbedder(key, PAYLOAD, width, height)
        seconds = _time(lambda e=embedder, p=marked: [e.embed(plane, i / source.rate) for i, plane in enumerate(p)])  # type: ignore[misc]
        rows.append([f"{width}x{height}", "embed, kernel", len(marked) / seconds])
        residual = core.VideoResidual(width, height)
        seconds = _time(lambda r=residual, p=marked: [r.push(plane, i / source.rate) for i, plane in enumerate(p)])  # type: ignore[misc]
        rows.append([f"{width}x{height}", "detect, kernel (residual)", len(marked) / seconds])
        for what, clip in (("marked", marked), ("unmarked", unmarked)):
            stream = VideoDetectStream(width, height, [key])
            begin = time.process_time()
            for index, plane in enumerate(clip):
                stream.push_luma(plane, index / source.rate)
            found = stream.finish()
            assert bool(found) == (what == "marked")
            rows.append([f"{width}x{height}", f"detect, whole, {what}", len(clip) / (time.process_time() - begin)])
        frames = [_fit(frame, height, width) for frame in source.frames[:60]]
        seconds = _time(lambda f=frames: upload(f, 30.0))  # type: ignore[misc]
        rows.append([f"{width}x{height}", "x264 veryfast and decode", len(frames) / seconds])
        rows += _peer(frames, f"{width}x{height}")
    print(heading("Speed, frames per second of CPU time", f"{source.name}, {source.seconds:.0f} s, scaled"))
    print(table(["size", "what", "fps"], rows))


def end_to_end(videos: list[Video]) -> None:
    """CPU time of marking and of searching a file over that of decoding and encoding it as marking does."""
    video = max(videos, key=lambda one: len(one.frames))
    columns, names = [], []
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "source.mp4", Path(folder) / "target.mp4"
        for (height, width), seconds in product(((1080, 1920), (480, 848)), (video.seconds, 3.0)):
            frames = video.frames[: round(seconds * video.rate)]
            encode_to(source, (_fit(frame, height, width) for frame in frames), video.rate, x264(20, "veryfast"))
            times = _end_to_end(source, target)
            bare = times["decode and encode"]
            names.append(f"{width}x{height}, {seconds:.0f} s ({1000 * bare / len(frames):.1f} ms a frame)")
            columns.append({what: f"{seconds / bare:.2f}" for what, seconds in times.items()})
    print(
        heading("End to end", f"{video.name}, scaled, CPU time over bare transcode, x264 medium as embed_video sets it")
    )
    print(table(["what", *names], [[what, *(column[what] for column in columns)] for what in columns[0]]))


def _end_to_end(source: Path, target: Path) -> dict[str, float]:
    """CPU seconds, the best of some runs in turn."""
    key = Key.generate()
    runs: dict[str, Callable[[], object]] = {
        "decode and encode": lambda: _transcode(source, target),
        "embed_video, not verified": lambda: embed_video(source, target, key, PAYLOAD, verify=False),
        "embed_video": lambda: embed_video(source, target, key, PAYLOAD),
        "detect_video, marked": lambda: detect_video(target, [key]),
        "detect_video, unmarked": lambda: detect_video(source, [key]),
    }
    times = [{what: _time(run) for what, run in runs.items()} for _ in range(_RUNS)]
    assert detect_video(target, [key])[0].payload == PAYLOAD
    return {what: min(one[what] for one in times) for what in runs}


def _transcode(source: Path, target: Path) -> None:
    with open_video(source) as (container, stream), av.open(str(target), "w") as output:
        encoder = add_encoder(output, stream, "x264", None, None)
        for frame in container.decode(stream):
            frame.pict_type = 0
            output.mux(encoder.encode(frame))
        output.mux(encoder.encode(None))


def _fit(frame: Frame, height: int, width: int) -> Frame:
    import cv2

    return np.asarray(cv2.resize(frame, (width, height), interpolation=cv2.INTER_CUBIC), dtype=np.uint8)


def _time(run: Callable[[], object]) -> float:
    begin = time.process_time()
    run()
    return time.process_time() - begin


def _peer(frames: list[Frame], size: str) -> list[list[object]]:
    """Per-frame DWT-DCT of invisible-watermark, where it is installed."""
    try:
        from imwatermark import WatermarkEncoder  # type: ignore[import-not-found]
    except ImportError:
        print("invisible-watermark is not installed; its rows are left out")
        return []
    encoder = WatermarkEncoder()
    encoder.set_watermark("bits", [0, 1] * 16)
    seconds = _time(lambda: [encoder.encode(frame, "dwtDct") for frame in frames[:10]])
    return [[size, "embed, invisible-watermark dwtDct", 10 / seconds]]


def false_positives(videos: list[Video], keys: int) -> None:
    """Decoy keys on unmarked clips: detections, and z of a fixed payload against the normal distribution."""
    scores, alarms, searched = [], 0, 0
    chips = np.asarray(coding.PayloadCode(core.CODE_BITS).encode(PAYLOAD), dtype=np.float64)
    root = Key.generate()
    for number, video in enumerate(videos):
        height, width = video.frames[0].shape[:2]
        decoys = [root.decoy(index, f"bench {number}") for index in range(keys)]
        stream = VideoDetectStream(width, height, decoys)
        residual = core.VideoResidual(width, height)
        for index, frame in enumerate(video.frames):
            stream.push(frame, index / video.rate)
            residual.push_rgb(frame, index / video.rate)
        alarms += len(stream.finish())
        searched += keys
        residual.flush()
        seconds, slots = zip(*residual.take(), strict=True)
        for decoy in decoys:
            pattern = Pattern(decoy)
            folded = core.fold_modes(np.stack(slots), pattern.core, np.eye(3))
            soft = soft_bits(spectrum(folded, np.array(seconds)), pattern)
            scores.append(float(soft.values @ chips / soft.deviation))
    values = np.array(scores)
    print(heading("False positives", f"{len(videos)} unmarked clips x {keys} decoy keys"))
    rows = [["files x keys searched", searched], ["detections", alarms], ["z of one payload: mean", values.mean()]]
    rows += [
        ["standard deviation", values.std()],
        ["share above 1.645 (5 %)", f"{100 * np.mean(values > 1.645):.1f} %"],
    ]
    print(table(["what", "value"], rows))


def main(arguments: list[str] | None = None) -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--clips", default=CLIPS, help='parts of file names, with commas between them, or "all"')
    parser.add_argument("--attacks", default=DECISIVE, help='names, with commas between them, or "all"')
    parser.add_argument("--per-attack", type=int, default=1, help="clips that each attack meets")
    parser.add_argument("--keys", type=int, default=1, help="decoy keys per clip")
    parser.add_argument("--parts", default="quality,speed,end,false,robustness")
    chosen = parser.parse_args(arguments)
    videos = hosts(chosen.seconds, None if chosen.clips == "all" else chosen.clips.split(","))
    parts = chosen.parts.split(",")
    if "quality" in parts:
        quality(videos)
    if "speed" in parts:
        speed(videos)
    if "end" in parts:
        end_to_end(videos)
    if "false" in parts:
        false_positives(videos, chosen.keys)
    if "robustness" in parts:
        robustness(videos, None if chosen.attacks == "all" else chosen.attacks.split(","), chosen.per_attack)


if __name__ == "__main__":
    main()
