"""The C++ core; one submodule per folder of cpp/src that Python needs."""

__version__: str
fft_backend: str
