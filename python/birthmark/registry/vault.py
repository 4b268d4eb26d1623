"""What the registry keeps secret: keys at rest, sealed under a passphrase or a key file.

A random data key seals everything (XChaCha20-Poly1305 with the place of the value as associated data) and seeds the
Ed25519 key that signs the log. The data key itself is sealed under the secret: a passphrase goes through Argon2id
(RFC 9106), a key file through BLAKE2b. Both come from libsodium, by PyNaCl.
"""

from __future__ import annotations

import json
import unicodedata
from hashlib import blake2b
from pathlib import Path
from typing import Any

import nacl.bindings
import nacl.exceptions
import nacl.pwhash
import nacl.secret
import nacl.signing
import nacl.utils

from birthmark.errors import ArgumentError, FormatError, MediaError

Secret = str | Path
"""A passphrase (str) or the path of a key file (Path)."""

SHORTEST_PASSPHRASE = 8
_KEY_FILE_BYTES = (32, 1 << 20)
_NONCE = nacl.bindings.crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
_MOST_MEMORY = 1 << 30
_MOST_PASSES = 16


class Vault:
    """Seals, opens and signs."""

    def __init__(self, data_key: bytes) -> None:
        self._seal_key = _derive(data_key, b"seal")
        self._signer = nacl.signing.SigningKey(_derive(data_key, b"sign"))

    @classmethod
    def create(cls, secret: Secret) -> tuple[Vault, str]:
        """A new vault, and the text to keep of it, which `unlock` reads."""
        if isinstance(secret, Path):
            kept: dict[str, Any] = {"kdf": "blake2b", "salt": nacl.utils.random(16).hex()}
        else:
            kept = {
                "kdf": "argon2id",
                "salt": nacl.utils.random(nacl.pwhash.argon2id.SALTBYTES).hex(),
                "passes": nacl.pwhash.argon2id.OPSLIMIT_MODERATE,
                "memory": nacl.pwhash.argon2id.MEMLIMIT_MODERATE,
            }
        data_key = nacl.utils.random(32)
        kept["box"] = bytes(nacl.secret.SecretBox(_stretch(secret, kept)).encrypt(data_key)).hex()
        return cls(data_key), json.dumps({"version": 1, **kept}, sort_keys=True)

    @classmethod
    def unlock(cls, kept: str, secret: Secret) -> Vault:
        """The vault of this text. Raises ArgumentError for the wrong secret, FormatError where the text is damaged."""
        try:
            document = json.loads(kept)
            if document["version"] != 1:
                raise FormatError(f"the registry's vault has version {document['version']!r}; allowed: 1")
            box = bytes.fromhex(document["box"])
            if (document["kdf"] == "blake2b") != isinstance(secret, Path):
                needed = "a key file" if document["kdf"] == "blake2b" else "a passphrase"
                raise ArgumentError(f"this registry was made with {needed}; give that")
            return cls(nacl.secret.SecretBox(_stretch(secret, document)).decrypt(box))
        except nacl.exceptions.CryptoError as error:
            what = f"key file {secret}" if isinstance(secret, Path) else "passphrase"
            raise ArgumentError(f"wrong {what}: it does not open this registry") from error
        except (KeyError, TypeError, AttributeError, json.JSONDecodeError) as error:
            raise FormatError(f"the registry's vault is damaged: {error}") from error

    @property
    def public_key(self) -> str:
        """64 hexadecimal digits with which anybody can check the log's signatures."""
        return bytes(self._signer.verify_key).hex()

    def seal(self, value: bytes, place: str) -> bytes:
        """Encrypt; it opens only with the same `place`, so that sealed values cannot be swapped."""
        nonce = nacl.utils.random(_NONCE)
        return nonce + nacl.bindings.crypto_aead_xchacha20poly1305_ietf_encrypt(
            value, place.encode(), nonce, self._seal_key
        )

    def open(self, sealed: bytes, place: str) -> bytes:
        """Decrypt. Raises FormatError where the bytes were changed or come from another place."""
        try:
            return nacl.bindings.crypto_aead_xchacha20poly1305_ietf_decrypt(
                sealed[_NONCE:], place.encode(), sealed[:_NONCE], self._seal_key
            )
        except (nacl.exceptions.CryptoError, ValueError) as error:
            raise FormatError(f"the registry's {place} is damaged or was exchanged") from error

    def sign(self, message: bytes) -> str:
        """Ed25519 signature, 128 hexadecimal digits."""
        return self._signer.sign(message).signature.hex()


def signed(public_key: str, message: bytes, signature: str) -> bool:
    """Whether the holder of the vault signed this."""
    try:
        nacl.signing.VerifyKey(bytes.fromhex(public_key)).verify(message, bytes.fromhex(signature))
    except (nacl.exceptions.CryptoError, ValueError):
        return False
    return True


def _derive(data_key: bytes, purpose: bytes) -> bytes:
    return blake2b(purpose, digest_size=32, key=data_key, person=b"bm-registry").digest()


def _stretch(secret: Secret, kept: dict[str, Any]) -> bytes:
    salt = bytes.fromhex(kept["salt"])
    if isinstance(secret, Path):
        return blake2b(_key_file(secret), digest_size=32, salt=salt, person=b"bm-keyfile").digest()
    phrase = unicodedata.normalize("NFC", secret)
    if len(phrase) < SHORTEST_PASSPHRASE:
        raise ArgumentError(
            f"the passphrase has {len(phrase)} characters; allowed: {SHORTEST_PASSPHRASE} or more, better several words"
        )
    passes, memory = int(kept["passes"]), int(kept["memory"])
    if not (1 <= passes <= _MOST_PASSES and 8192 <= memory <= _MOST_MEMORY):
        raise FormatError(f"the registry's vault asks for {passes} passes over {memory} bytes; allowed: 16 over 1 GiB")
    return nacl.pwhash.argon2id.kdf(32, phrase.encode(), salt, opslimit=passes, memlimit=memory)


def _key_file(path: Path) -> bytes:
    least, most = _KEY_FILE_BYTES
    try:
        size = path.stat().st_size
        data = path.read_bytes() if size <= most else b""
    except OSError as error:
        raise MediaError(f"key file {path}: cannot be read: {error.strerror}") from error
    if not least <= size <= most:
        raise ArgumentError(f"key file {path} has {size} bytes; allowed: {least} to {most}")
    return data
