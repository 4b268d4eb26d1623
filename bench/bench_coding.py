"""Error rates of the payload code against the finite-length bound, and its speed."""

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq

from birthmark._core import coding

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from tests.reference.polar import noise_deviation, normal_approximation

TARGET = 1e-2
SIZES = (128, 256, 512, 1024)
LISTS = (8, 32, 64)
FRAMES = 4000


def soft_bits(
    code: coding.PayloadCode, ebn0_db: float, rng: np.random.Generator
) -> tuple[int, npt.NDArray[np.float32]]:
    payload = int(rng.integers(0, 2**64, dtype=np.uint64))
    noise = rng.standard_normal(len(code), dtype=np.float32)
    return payload, code.encode(payload) + np.float32(noise_deviation(len(code), ebn0_db)) * noise


def error_rate(size: int, list_size: int, ebn0_db: float) -> tuple[float, float]:
    """Share of payloads not returned first, and seconds per decode."""
    rng = np.random.default_rng(size)
    code = coding.PayloadCode(size)
    decoder = coding.PayloadDecoder(size, list_size)
    wrong = 0
    spent = 0.0
    for _ in range(FRAMES):
        payload, soft = soft_bits(code, ebn0_db, rng)
        start = time.perf_counter()
        found = decoder.decode(soft)
        spent += time.perf_counter() - start
        wrong += found[0].payload != payload
    return wrong / FRAMES, spent / FRAMES


def bound_db(size: int) -> float:
    def distance(ebn0_db: float) -> float:
        return float(np.log(normal_approximation(size, ebn0_db) / TARGET))

    return float(brentq(distance, -2.0, 8.0))


def error_table() -> None:
    print(f"Binary input, Gaussian noise; 64 payload bits; {FRAMES} frames a point. Share of wrong payloads at Eb/N0:")
    print("bits list  bound at 1e-2   +0.0 dB  +0.2 dB  +0.4 dB  +0.6 dB  +0.8 dB   1e-2 at     gap   us per decode")
    for size in SIZES:
        bound = bound_db(size)
        for list_size in LISTS:
            steps = np.arange(5) * 0.2
            points = [error_rate(size, list_size, bound + float(step)) for step in steps]
            rates = [rate for rate, _ in points]
            logs = np.log([max(rate, 0.3 / FRAMES) for rate in rates])
            gap = float(np.interp(-np.log(TARGET), -logs, steps))
            reached = "" if rates[-1] <= TARGET else ">"
            curve = "  ".join(f"{rate:7.4f}" for rate in rates)
            micros = 1e6 * min(seconds for _, seconds in points)
            print(
                f"{size:4d} {list_size:4d}   {bound:8.2f} dB    {curve}  {reached}{bound + gap:5.2f} dB "
                f" {reached}{gap:.2f} dB  {micros:8.0f}"
            )


def search_table(count: int = 1_000_000, batch: int = 32) -> None:
    rng = np.random.default_rng(1)
    print(f"\nSearch among {count} issued IDs, best 5, one thread:")
    print(f"bits   set up s   one clip ms   {batch} soft vectors ms")
    for size in SIZES:
        ids = rng.integers(0, 2**64, count, dtype=np.uint64)
        start = time.perf_counter()
        issued = coding.IssuedIds(size, ids)
        ready = time.perf_counter() - start
        weak = rng.standard_normal((batch, size)).astype(np.float32)
        wanted = int(ids[count // 3])
        weak[0] += np.float32(8 / np.sqrt(size)) * coding.PayloadCode(size).encode(wanted)
        best = []
        for _ in range(5):
            start = time.perf_counter()
            found = issued.best(weak[0], 5)
            best.append(time.perf_counter() - start)
            assert found[0].id == wanted
        start = time.perf_counter()
        rows = issued.best_of_each(weak, 5)
        many = time.perf_counter() - start
        assert [m.id for m in rows[0]] == [m.id for m in found]
        print(f"{size:4d}   {ready:8.2f}   {1e3 * min(best):11.1f}   {1e3 * many:15.0f}")


def main() -> None:
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=False
    ).stdout.strip()
    print(f"Payload code, commit {commit or 'unknown'}; synthetic data, seeded.\n")
    error_table()
    search_table()


if __name__ == "__main__":
    main()
