"""Does a recogniser still understand a marked voice? Word error rates of prompts: as recorded, marked, after MP3.

    pip install pocketsphinx
    apt-get download asterisk-core-sounds-en && dpkg -x asterisk-core-sounds-en_*.deb packages
    python experiments/signature_words.py packages [--prompts 40] [--keys 3]

English prompts of six words and more against their texts, with the US English model that the package pocketsphinx
brings. Marked with each key in turn; the prompts are marked end to end, as a recording is, and cut again.
"""

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "bench"), str(ROOT / "python"), str(ROOT / "experiments")]

import numpy as np  # noqa: E402
from recogniser import edits, listener, understood, words  # noqa: E402
from signature_speech import transcripts  # noqa: E402

from birthmark import signature  # noqa: E402
from birthmark.attacks import AUDIO  # noqa: E402
from birthmark.keys import Key  # noqa: E402
from cloning import RATE, VOICES  # noqa: E402
from corpus import PROMPTS, read_g722  # noqa: E402


def main() -> None:
    """Print the word error rate of each version, and the share of words that differ from the unmarked version's."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("packages", type=Path, help="where asterisk-core-sounds-en is unpacked")
    parser.add_argument("--prompts", type=int, default=40)
    parser.add_argument("--keys", type=int, default=3)
    arguments = parser.parse_args()
    texts = {name: words(text) for name, text in sorted(transcripts(arguments.packages).items())}
    folder = PROMPTS / VOICES["en"]
    names = [n for n, text in texts.items() if len(text) >= 6 and (folder / f"{n}.g722").exists()]
    np.random.default_rng(7).shuffle(names)
    names = names[: arguments.prompts]
    pieces = [read_g722(folder / f"{name}.g722") for name in names]
    recording, cuts = np.concatenate(pieces), np.cumsum([len(piece) for piece in pieces])[:-1]
    owner = Key(bytes(range(32)))
    versions = {"as recorded": recording}
    for n in range(arguments.keys):
        versions[f"marked, key {n + 1}"] = signature.embed(recording, RATE, owner.decoy(n, "words"))
    versions["MP3 64k"] = AUDIO["mp3_64k"](recording, RATE, seed=1)[: len(recording)]
    decoder = listener(RATE)
    count = sum(len(texts[name]) for name in names)
    plain: list[list[str]] = []
    for title, sound in versions.items():
        got = [understood(decoder, piece) for piece in np.split(sound, cuts)]
        plain = plain or got
        wrong = sum(edits(texts[name], heard) for name, heard in zip(names, got, strict=True))
        other = sum(edits(before, heard) for before, heard in zip(plain, got, strict=True))
        print(
            f"{title}: {wrong / count:.1%} of {count} words wrong, {other / count:.1%} other than as recorded",
            flush=True,
        )


if __name__ == "__main__":
    main()
