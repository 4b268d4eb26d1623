"""The C++ core; one submodule per folder of cpp/src that Python needs."""

from . import audio_fingerprint as audio_fingerprint
from . import audio_mark as audio_mark
from . import coding as coding
from . import index as index
from . import keys as keys
from . import media as media
from . import video_fingerprint as video_fingerprint
from . import voice_signature as voice_signature

__version__: str
fft_backend: str
