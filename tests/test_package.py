import birthmark
from birthmark import _core


def test_version_is_one_number() -> None:
    assert _core.__version__ == birthmark.__version__


def test_fft_backend_is_named() -> None:
    assert _core.fft_backend in {"fftw", "kissfft"}
