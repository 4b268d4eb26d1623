"""Keys and the pseudo-random streams that they give.

`Key` is a 256-bit secret. `Key.generate()` makes one, `Key.load(path)` and `key.save(path, overwrite=False)` read and
write key files (mode 0600, with version and check digits; `FormatError` for a damaged one, `MediaError` where the file
system refuses, `ArgumentError` where the file exists). `key.id` is its public name of 16 hexadecimal digits, the only
thing that `repr` shows. `key.decoy(index, context)` is a key that was never issued, for measured null distributions.
`key.secret()` returns the 32 bytes and belongs in no log.

`KeyedStream(key, label, index)` is the ChaCha20 key stream under a subkey derived by keyed BLAKE2b (RFC 7693):
`chips(count)` gives int8 signs, `uniform(n)` unbiased integers below n, `uniform_real()` floats in [0, 1),
`permutation(n)` an order of 0 ... n - 1. Equal arguments give equal numbers on every machine.
"""

from birthmark._core.keys import Key, KeyedStream

__all__ = ["Key", "KeyedStream"]
