import numpy as np

from birthmark.keys import Key
from birthmark.watermark import detect, embed
from corpus import prompt_speech, voices


def test_two_averaged_copies_name_one_of_their_buyers() -> None:
    key = Key(bytes(range(32)))
    host = prompt_speech(next(iter(voices())), 10.0, 3)
    buyers = [0x1234_5678_9ABC_DEF0, 0x0FED_CBA9_8765_4321]
    issued = [*buyers, *(int(one) for one in np.random.default_rng(0).integers(1, 2**63, 1000))]
    mean = np.mean([embed(host, 16000, one, key) for one in buyers], axis=0).astype(np.float32)
    found = detect(mean, 16000, key, ids=issued)
    assert found
    assert {mark.payload for mark in found} <= set(buyers)
