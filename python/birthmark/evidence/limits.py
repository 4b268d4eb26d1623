"""What each line says and cannot say, for readers who have never heard of it. The measured tables are in docs/."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Explained:
    """One line of evidence in words."""

    name: str
    means: str
    null: str
    """What the p-value is about."""
    missed: str
    """What would not have been found."""


EXPLAINED = {
    "audio-watermark": Explained(
        "Watermark in the sound",
        "The sound carries an inaudible mark that was put into one delivered copy. The mark spells the number of that"
        " delivery, so it says whose copy leaked.",
        "unmarked recordings would look like this",
        "Sound re-made by low-rate telephone codecs (AMR 4.75 kbit/s, codec2) or by neural codecs and voice "
        "conversion; speed, tempo or pitch changed by more than 11 %; less than about two seconds of it; sound that "
        "was re-spoken.",
    ),
    "voice-signature": Explained(
        "Signature in the voice",
        "The voice has a slight colouring, different for each kind of speech sound, that was put into the person's "
        "recordings. A synthetic voice made from them inherits it. It names the person, not the delivery.",
        "recordings without this person's signature would look like this",
        "Fewer than a few seconds of speech, or a small part of the file; codecs with ten parameters a frame; voices "
        "that took only a little from the marked recordings; frequencies changed by more than 15 %.",
    ),
    "audio-fingerprint": Explained(
        "Fingerprint of the sound",
        "The sound is the same performance as a registered recording, peak by peak. It needs no mark, and does not "
        "say through whose hands the recording went.",
        "unrelated passages would look like this",
        "Recordings that are not registered; passages under two seconds; speed, tempo or pitch changed by more than "
        "12 %; the same words spoken again, by the person or by a clone.",
    ),
    "video-watermark": Explained(
        "Watermark in the picture",
        "The picture carries an invisible, slow change of brightness that was put into one delivered copy. It spells "
        "the number of that delivery, so it says whose copy leaked.",
        "unmarked videos would look like this",
        "Pictures shrunk to a quarter inside another; very strong compression at few frames per second; single "
        "pictures with little texture; interlaced video.",
    ),
    "video-fingerprint": Explained(
        "Fingerprint of the picture",
        "The frames show the same scene at the same moment as a registered recording. It needs no mark, and does not "
        "say through whose hands the recording went.",
        "unrelated videos would look like this",
        "Recordings that are not registered; turns other than quarter turns and about 10 degrees; less than half of "
        "the width and height of a small video; another recording of the same scene.",
    ),
}

DEFAULT_LEFT_OUT = (
    "The default search looks for the watermark in the picture where the picture was left in place, and in any "
    "geometry only for people of whom the file had something else. A cropped, turned, mirrored or sped-up picture "
    "whose recording is not registered, with sound that says nothing, would need --thorough."
)
