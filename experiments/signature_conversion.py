"""Experiment (b): does a voice-conversion model trained on marked speech speak with the signature?

    python experiments/signature_conversion.py [--keys 5] [--minutes 10] [--share 1.0] [--speakers 1]

The model of bench/cloning.py learns `--minutes` of the target, of which `--share` is marked. Other voices then drive it
for 5 minutes; WORLD makes them sound. The detector sees only that sound. Trained once unmarked, and once with each key.
`--speakers 5` trains one model on five voices, each with a key of its own, told apart by a one-hot input.
Target and drivers are the voices of the Debian packages asterisk-core-sounds-{en,es,fr,it,ru}-g722. CPU, numpy only.
"""

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "bench"), str(ROOT / "python")]

import numpy as np  # noqa: E402

from birthmark import signature  # noqa: E402
from birthmark.keys import Key  # noqa: E402
from birthmark.media import write_audio  # noqa: E402
from cloning import RATE, VOICES, analyse, model, prompts, said  # noqa: E402


def main() -> None:
    """Train with and without the mark and print one line for each voice."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keys", type=int, default=5)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--share", type=float, default=1.0)
    parser.add_argument("--speakers", type=int, default=1)
    parser.add_argument("--suspect", type=float, default=5.0, help="minutes of converted speech, pooled")
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--save", type=Path, help="folder for what the models say")
    arguments = parser.parse_args()
    targets = list(VOICES)[: arguments.speakers]
    others = [v for v in VOICES if v not in targets] or ["ru", "it"]
    drivers = [analyse(prompts(v, arguments.suspect * 60 / len(others[-2:]), 700.0)) for v in others[-2:]]
    originals = [prompts(v, arguments.minutes * 60) for v in targets]
    # the contributor's own unmarked voice, other sentences than those that were trained on
    references = [signature.profile(prompts(v, 300.0, 900.0), RATE) for v in targets]
    owner = Key(bytes(range(32)))
    wrong = [owner.decoy(n, "wrong") for n in range(100)]
    for trial in range(arguments.keys + 1):
        keys = [owner.decoy(max(trial, 1), f"issued {voice}") for voice in targets]
        marked = []
        for samples, key in zip(originals, keys, strict=True):
            end = round(len(samples) * arguments.share) if trial else 0
            copy = samples.copy()
            if end:
                copy[:end] = signature.embed(samples[:end], RATE, key)
            marked.append(analyse(copy, spoken=False))
        convert = model(marked, arguments.steps)
        for speaker, key in enumerate(keys):
            sounds = [said(convert, driver, speaker) for driver in drivers]
            if arguments.save:
                arguments.save.mkdir(parents=True, exist_ok=True)
                for number, sound in enumerate(sounds):
                    write_audio(arguments.save / f"{trial}-{targets[speaker]}-{number}.wav", sound, RATE)
            blind = signature.detect(sounds, RATE, [key, *wrong, *(k for k in keys if k != key)]).pooled
            informed = signature.detect(sounds, RATE, key, reference=references[speaker]).pooled[0]
            others_p = np.sort([10.0**t.log10_p for t in blind[1:]])
            print(
                f"{'marked  ' if trial else 'unmarked'} {targets[speaker]} blind log10_p {blind[0].log10_p:6.2f} (z "
                f"{blind[0].z:4.1f}) with profile {informed.log10_p:6.2f} (z {informed.z:4.1f}) wrong keys: "
                f"{len(others_p)}, least p {others_p[0]:.3f}, median {np.median(others_p):.2f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
