"""Fingerprints of video: find a passage of video that carries no mark.

A video is described twice. **Keypoints**: once a second some 110 blobs and corners of a frame, at five sizes, each
with the signs of 96 DCT coefficients of the patch around it; they find the recording and the geometry of the copy,
and bear cropping, borders, overlays, mirroring and quarter turns. **Motion**: the mean luma of 16 x 16 cells, eight
times a second; its changes, read through the geometry that was found, tell the moment of a scene from other moments
of the same scene.

A query also keeps a denser description (up to four frames a second, thousands of keypoints, 64 x 64 cells), because
the copy may be a small part of the frame. `serialize` stores the plain description alone, 110 to 210 kB a minute.

A module imports only those before it: description, serial, geometry, search, motion, match, segments, fingerprint,
grid_clock, dense_frames, stream.
"""

from birthmark.video_fingerprint.description import FrameTable
from birthmark.video_fingerprint.fingerprint import VideoFingerprint
from birthmark.video_fingerprint.stream import Role, VideoFingerprintStream, fingerprint_video

__all__ = ["FrameTable", "Role", "VideoFingerprint", "VideoFingerprintStream", "fingerprint_video"]
