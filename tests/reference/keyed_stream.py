"""The keyed stream in plain Python: BLAKE2b from hashlib, ChaCha20 from its description in RFC 8439."""

import hashlib
import struct

MASK = 0xFFFFFFFF


def subkey(secret: bytes, label: str, index: int) -> bytes:
    salt = struct.pack("<QQ", index, 0)
    return hashlib.blake2b(label.encode(), digest_size=32, key=secret, salt=salt, person=b"birthmark.stream").digest()


def decoy(secret: bytes, index: int, context: str = "") -> bytes:
    salt = struct.pack("<QQ", index, 0)
    return hashlib.blake2b(context.encode(), digest_size=32, key=secret, salt=salt, person=b"birthmark.decoy.").digest()


def key_id(secret: bytes) -> str:
    return hashlib.blake2b(b"", digest_size=16, key=secret, person=b"birthmark.key.id").hexdigest()[:16]


def quarter_round(x: list[int], a: int, b: int, c: int, d: int) -> None:
    for first, second, third, turn in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
        x[first] = (x[first] + x[second]) & MASK
        mixed = x[third] ^ x[first]
        x[third] = ((mixed << turn) | (mixed >> (32 - turn))) & MASK


def chacha20_block(key: bytes, counter: int, nonce: bytes = bytes(8)) -> bytes:
    """One block of 64 bytes, with the original 64-bit counter and 64-bit nonce."""
    state = [*struct.unpack("<4I", b"expand 32-byte k"), *struct.unpack("<8I", key)]
    state += [counter & MASK, counter >> 32, *struct.unpack("<2I", nonce)]
    x = list(state)
    for _ in range(10):
        for column in range(4):
            quarter_round(x, column, 4 + column, 8 + column, 12 + column)
        for row in range(4):
            quarter_round(x, row, 4 + (row + 1) % 4, 8 + (row + 2) % 4, 12 + (row + 3) % 4)
    return struct.pack("<16I", *((word + start) & MASK for word, start in zip(x, state, strict=True)))


class ReferenceStream:
    def __init__(self, secret: bytes, label: str, index: int = 0) -> None:
        self.key = subkey(secret, label, index)
        self.block = 0
        self.buffer = b""
        self.bits: list[int] = []

    def take(self, count: int) -> bytes:
        while len(self.buffer) < count:
            self.buffer += chacha20_block(self.key, self.block)
            self.block += 1
        taken, self.buffer = self.buffer[:count], self.buffer[count:]
        return taken

    def next_u64(self) -> int:
        self.bits = []
        return int.from_bytes(self.take(8), "little")

    def uniform(self, n: int) -> int:
        while (value := self.next_u64()) >= 2**64 - 2**64 % n:
            pass
        return value % n

    def uniform_real(self) -> float:
        return (self.next_u64() >> 11) / 2**53

    def chips(self, count: int) -> list[int]:
        missing = max(0, count - len(self.bits))
        for byte in self.take((missing + 7) // 8):
            self.bits += [byte >> bit & 1 for bit in range(8)]
        taken, self.bits = self.bits[:count], self.bits[count:]
        return [2 * bit - 1 for bit in taken]

    def permutation(self, n: int) -> list[int]:
        order = list(range(n))
        for i in range(n - 1, 0, -1):
            j = self.uniform(i + 1)
            order[i], order[j] = order[j], order[i]
        return order
