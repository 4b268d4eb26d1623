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
        "The sound carries an inaudible mark that was put into one delivered copy. The mark spells the number of "
        "that delivery, so it says whose copy leaked.",
        "unmarked recordings would look like this",
        "Sound re-made by codec2 or by another codec that keeps ten numbers of a moment, by a neural codec or by "
        "voice conversion (the last two were not measured); speed, tempo or pitch changed by more than 11 %; sound "
        "that was re-spoken. Five seconds were enough where sound was little changed, ten in noise and rooms, half "
        "a minute through a telephone, a minute through its lowest rate (AMR 4.75 kbit/s); less may not be.",
    ),
    "voice-signature": Explained(
        "Signature in the voice",
        "The voice has a slight colouring, different for each kind of speech sound, that was put into the person's "
        "recordings. A synthetic voice made from them inherits it. It names the person, not the delivery.",
        "recordings without this person's signature would look like this",
        "Passages of less than some ten seconds, or of twenty in a long file; noise, and codecs that keep ten "
        "numbers of a moment (codec2, AMR 4.75 kbit/s); a voice made by a model that took only a little from the "
        "marked recordings, or whose maker flattened it; frequencies changed by more than 15 %. Voices from "
        "text-to-speech were not measured.",
    ),
    "audio-fingerprint": Explained(
        "Fingerprint of the sound",
        "The sound is the same performance as a registered recording, peak by peak. It needs no mark, and does not "
        "say through whose hands the recording went.",
        "unrelated passages would look like this",
        "Recordings that are not registered; passages under two seconds, and some of under five in rooms; speed, "
        "tempo or pitch changed by more than 12 %; the same words spoken again, by the person or by a clone.",
    ),
    "video-watermark": Explained(
        "Watermark in the picture",
        "The picture carries an invisible, slow change of brightness that was put into one delivered copy. It "
        "spells the number of that delivery, so it says whose copy leaked.",
        "unmarked videos would look like this",
        "Pictures shrunk to a quarter inside another, or turned by more than 8 degrees from upright or a quarter "
        "turn; speeds beyond half and double; the strongest compression, at ten frames per second or of drawings; "
        "single pictures with little texture. Interlaced and transparent video cannot be marked.",
    ),
    "video-fingerprint": Explained(
        "Fingerprint of the picture",
        "The frames show the same scene at the same moment as a registered recording. It needs no mark, and does "
        "not say through whose hands the recording went.",
        "unrelated videos would look like this",
        "Recordings that are not registered; turns by more than about 10 degrees from upright or a quarter turn; "
        "less than half of the width and height of a small video; speeds beyond half and double; a few seconds in "
        "which little moves, which may be known as the scene but not as the moment; another recording of the same "
        "scene.",
    ),
}

DEFAULT_LEFT_OUT = (
    "The default search looks for the watermark in the picture where the picture was left in place, and in any "
    "geometry only for people of whom the file had something else. A cropped, turned, mirrored or sped-up picture "
    "whose recording is not registered, with sound that says nothing, would need --thorough."
)
