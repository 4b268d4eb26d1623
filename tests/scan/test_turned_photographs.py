from pathlib import Path

import numpy as np
import pytest

from birthmark.scan.picture import VideoMark
from birthmark.scan.tracks import open_tracks
from birthmark.video_watermark import embed_video, issued_ids
from tests.video_watermark.clips import KEY, PAYLOAD
from tests.video_watermark.test_images import exif, photograph


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_a_photograph_that_is_stored_turned_is_searched_as_it_is_shown(tmp_path: Path, orientation: int) -> None:
    photograph().save(tmp_path / "in.jpg", exif=exif(orientation), quality=95)
    embed_video(tmp_path / "in.jpg", tmp_path / "out.jpg", KEY, PAYLOAD)
    with open_tracks(tmp_path / "out.jpg") as tracks:
        assert tracks.picture is not None
        ids = issued_ids(np.array([PAYLOAD, 7], np.uint64))
        mark = VideoMark([KEY], ids, tracks.picture, -6.0, looks=1, full=False)
        tracks.run(None, mark.push)
    assert [one.mark_id for one in mark.finish()] == [f"{PAYLOAD:016x}"]
