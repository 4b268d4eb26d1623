import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter

from birthmark._core import coding
from birthmark._core import video_mark as core
from birthmark.attacks.video_codec import encode_to, x264
from birthmark.errors import ArgumentError
from birthmark.keys import Key
from birthmark.video_watermark.registration import Candidate, Pattern, linear_map, register, search, tilted
from tests.reference import video_mark as reference
from tests.video_watermark.clips import KEY, PAYLOAD, RATE, luma_frames

LAYOUT = core.VideoPattern(KEY).layout()
CHIPS = np.asarray(coding.PayloadCode(core.CODE_BITS).encode(PAYLOAD), dtype=float)


def snr_db(expected: np.ndarray, got: np.ndarray) -> float:
    return float(10 * np.log10((np.abs(expected) ** 2).sum() / (np.abs(expected - got) ** 2).sum()))


def residual_slots(frames: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    residual = core.VideoResidual(frames[0].shape[1], frames[0].shape[0])
    for index, frame in enumerate(frames):
        residual.push(frame, index / RATE)
    residual.flush()
    times, pictures = zip(*residual.take(), strict=True)
    return np.stack(pictures), np.array(times)


def test_pattern_has_unit_power_and_512_bits_twice() -> None:
    grid = np.arange(0, core.TILE, 2.0)
    power = np.mean([reference.pattern_at(LAYOUT, CHIPS, grid, grid, t).var() for t in np.arange(8) * 0.5])
    assert power == pytest.approx(1.0, abs=0.05)
    assert np.all(np.bincount(LAYOUT["codes"].astype(int).ravel()) == 2)
    assert np.all(LAYOUT["places"].astype(int) % 2 == 0)
    assert np.all((LAYOUT["sync"].astype(int)[:, :2] % 2).any(axis=1))


@pytest.mark.parametrize("shape", [(96, 131), (240, 321), (487, 500), (721, 725), (963, 966), (1201, 1204)])
def test_embedder_agrees_with_the_reference(shape: tuple[int, int]) -> None:
    luma = next(luma_frames(0.1, shape[1], shape[0]))
    expected = reference.embed(luma, LAYOUT, CHIPS, 1.7)
    marked = luma.copy()
    core.VideoEmbedder(KEY, PAYLOAD, shape[1], shape[0]).embed(marked, 1.7)
    assert np.abs(marked - expected).max() < 0.51
    assert np.abs(marked.astype(float) - luma).std() > 0.5


@pytest.mark.parametrize("blur", [0.0, 1.0, 3.0])
def test_contrast_and_coring_keep_within_the_power_of_the_change(blur: float) -> None:
    noise = gaussian_filter(np.random.default_rng(3).normal(size=(240, 320)), blur)
    host = (120 + 30 * noise / noise.std()).clip(0, 255).astype(np.uint8)
    for contrast, coring in ((0.85, 0.0), (0.85, 1.2), (0.0, 6.0), (4.0, 6.0)):
        marked = host.copy()
        core.VideoEmbedder(KEY, PAYLOAD, 320, 240, contrast=contrast, coring=coring).embed(marked, 0.3)
        error = np.mean((marked.astype(float) - host) ** 2)
        assert 44.1 < 10 * np.log10(255**2 / error) < 46.7


def test_coring_takes_bits_off_a_noisy_picture() -> None:
    rng = np.random.default_rng(4)
    hosts = [(luma + rng.normal(0, 2, luma.shape)).clip(0, 255).astype(np.uint8) for luma in luma_frames(1.0)]
    sizes = []
    for coring in (0.0, 1.2):
        embedder = core.VideoEmbedder(KEY, PAYLOAD, 320, 240, coring=coring)
        marked = [host.copy() for host in hosts]
        for index, plane in enumerate(marked):
            embedder.embed(plane, index / RATE)
        target = io.BytesIO()
        encode_to(target, (np.repeat(plane[..., None], 3, axis=2) for plane in marked), RATE, x264(23, "veryfast"))
        sizes.append(target.tell())
    assert sizes[1] < 0.97 * sizes[0]


def test_embedder_marks_ten_bits_as_it_marks_eight() -> None:
    luma = next(luma_frames(0.1))
    deep = luma.astype(np.uint16) * 4
    embedder = core.VideoEmbedder(KEY, PAYLOAD, 320, 240)
    embedder.embed(luma, 0.7)
    embedder.embed(deep, 0.7, 10)
    assert np.abs(deep / 4 - luma).max() <= 0.75


def test_rgb_keeps_its_colour_differences() -> None:
    luma = next(luma_frames(0.1))
    frame = np.stack([luma // 2 + 60, luma // 2 + 40, luma // 2 + 20], axis=2)
    marked = frame.copy()
    core.VideoEmbedder(KEY, PAYLOAD, 320, 240).embed_rgb(marked, 0.2)
    change = marked.astype(int) - frame
    assert np.all(change == change[..., :1])
    assert np.any(change)


def test_residual_does_not_depend_on_the_size_of_the_picture() -> None:
    frames = list(luma_frames(0.3))
    large = [np.kron(frame, np.ones((3, 3), np.uint8)) for frame in frames]
    small, seconds = residual_slots(frames)
    tripled, _ = residual_slots(large)
    assert small.shape == tripled.shape == (3, 240, 320)
    assert seconds == pytest.approx([0.025, 0.125, 0.225])
    assert np.array_equal(small, tripled)


def test_phasors_agree_with_the_reference() -> None:
    slots, _ = residual_slots(list(luma_frames(0.1)))
    linear = linear_map(1.3, 4.0, True)
    got = core.sync_phasors(slots, core.VideoPattern(KEY), linear, 3, 4)
    expected = reference.phasors(slots[0].astype(float), LAYOUT["sync"].astype(float), linear, 3, 4)
    assert snr_db(expected, got[0]) > 90


def test_folding_agrees_with_the_reference() -> None:
    slots, _ = residual_slots(list(luma_frames(0.1)))
    matrix = np.eye(3)
    matrix[:2, 2] = 7, -12
    got = core.fold_modes(slots, core.VideoPattern(KEY), matrix)
    expected = reference.fold(slots[0].astype(float), LAYOUT["places"].astype(np.int64), (7, -12))
    assert snr_db(expected, got[0]) > 90


def sync_waves(matrix: np.ndarray, speed: float, pattern: Pattern) -> tuple[np.ndarray, np.ndarray]:
    """Slots of 320 x 240 with the sync waves as a map and speed show them, 23 dB below noise, and their times."""
    y, x = np.mgrid[-119.5:120, -159.5:160]
    at = matrix @ np.stack([x.ravel(), y.ravel(), np.ones(x.size)])
    phase = pattern.sync_places @ (at[:2] / at[2]) / core.TILE
    noise = np.random.default_rng(1)
    seconds = np.arange(25) * 0.2
    slots = []
    for t in seconds:
        waves = np.exp(2j * np.pi * (phase + (pattern.sync_harmonics * speed * t / core.PERIOD)[:, None]))
        picture = (pattern.sync_phases @ waves).real.reshape(x.shape)
        slots.append(0.02 * picture + noise.standard_normal(x.shape))
    return np.array(slots, dtype=np.float32), seconds


@pytest.mark.parametrize(("scale", "degrees", "mirrored", "speed"), [(1.0, 0.0, False, 1.0), (0.7, 5.0, True, 1.5)])
def test_search_finds_a_synthetic_template(scale: float, degrees: float, mirrored: bool, speed: float) -> None:
    pattern = Pattern(KEY)
    matrix = np.eye(3)
    matrix[:2, :2] = linear_map(scale, degrees, mirrored)
    slots, seconds = sync_waves(matrix, speed, pattern)
    best = search(core.SyncSearch(slots, seconds), float(np.ptp(seconds)), pattern, 1)[0]
    assert np.abs(best.linear - matrix[:2, :2]).max() < 0.02
    assert best.speed == pytest.approx(speed, rel=0.08)


@pytest.mark.parametrize(
    ("scale", "degrees", "tilt", "within"),
    [(0.9, 2.0, (0.05, -0.06, 0.06, -0.08), 2.0), (0.7, 5.0, (-0.05, 0.06, 0.08, -0.09), 4.5)],
)
def test_a_view_from_aside_is_found_and_registered(
    scale: float, degrees: float, tilt: tuple[float, float, float, float], within: float
) -> None:
    """`tilt`: stretch, shear, and slopes of the perspective at the right and at the lower edge; `within`: units,
    as near as the fit comes from the true map, too."""
    stretch, shear, right, down = tilt
    pattern = Pattern(KEY)
    turn = np.tan(np.deg2rad(degrees))
    shift = np.array([[1, 0, 11.0], [0, 1, -7.0], [0, 0, scale]])
    matrix = shift @ np.array(
        [[1 + stretch, shear - turn, 0], [shear + turn, 1 - stretch, 0], [right / 160, down / 120, 1]]
    )
    slots, seconds = sync_waves(matrix, 1.0, pattern)
    corners = np.array([[x, y, 1.0] for x in (-160, 0, 160) for y in (-120, 0, 120)])

    def furthest(candidate: Candidate) -> float:
        found = register(slots, seconds, pattern, candidate).matrix
        (a, b) = (corners @ m.T for m in (found, matrix))
        return float(np.abs(a[:, :2] / a[:, 2:] - b[:, :2] / b[:, 2:]).max())

    assert furthest(tilted(slots, seconds, pattern)) < within
    # The similarity next to it is too far away.
    assert furthest(Candidate(linear_map(scale, degrees, False), 1.0)) > 50.0


@settings(max_examples=10, deadline=None)
@given(st.binary(min_size=32, max_size=32))
def test_every_key_gives_a_pattern(secret: bytes) -> None:
    layout = core.VideoPattern(Key(secret)).layout()
    assert len({tuple(place) for place in layout["sync"][:, :2].tolist()}) == 24


def test_bad_arguments_are_named() -> None:
    embedder = core.VideoEmbedder(KEY, PAYLOAD, 64, 48)
    with pytest.raises(ArgumentError, match="64 x 48"):
        embedder.embed(np.zeros((50, 64), np.uint8), 0.0)
    with pytest.raises(ArgumentError, match="bits is 13"):
        embedder.embed(np.zeros((48, 64), np.uint16), 0.0, 13)
    with pytest.raises(ArgumentError, match="seconds"):
        embedder.embed(np.zeros((48, 64), np.uint8), float("nan"))
    with pytest.raises(ArgumentError, match="2 with 3 times"):
        core.best_tilt(np.zeros((2, 4, 4), np.float32), np.zeros(3), core.VideoPattern(KEY))
    with pytest.raises(ArgumentError, match="shape"):
        core.fold_modes(np.zeros((4, 4), np.float32), core.VideoPattern(KEY), np.eye(3))
    with pytest.raises(ArgumentError, match="singular"):
        core.fold_modes(np.zeros((1, 4, 4), np.float32), core.VideoPattern(KEY), np.zeros((3, 3)))
    with pytest.raises(ArgumentError, match="larger than 16 times"):
        core.fold_modes(np.zeros((1, 4, 4), np.float32), core.VideoPattern(KEY), np.diag([100.0, 100.0, 1.0]))
    residual = core.VideoResidual(64, 48)
    residual.push(np.zeros((48, 64), np.uint8), 1.0)
    with pytest.raises(ArgumentError, match="rising"):
        residual.push(np.zeros((48, 64), np.uint8), 0.5)
