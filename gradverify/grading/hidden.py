"""Hidden points: drawn from a secret and the student's name, so that each student has others, and staff has them again.

The seed of a student's points is HMAC-SHA256(secret, assignment, question, student), of which 63 bits are used. Who
knows some students' points learns nothing of the secret, nor of anybody else's points.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from dataclasses import replace
from pathlib import Path

from gradverify.core.arrays import Matrix
from gradverify.grading.model import Question
from gradverify.spec.sampling import draw

SECRET_BYTES = 32  # as many as SHA-256 has; more would not help
SHORTEST = 16  # characters of a secret that an instructor chose
SEED_BITS = 63  # a seed is also written as a JSON integer


class SecretError(Exception):
    """The secret cannot be read or written; the message says why."""


def seed_for(secret: bytes, assignment: str, question: str, student: str) -> int:
    """The seed of one student's hidden points of one question."""
    parts = [assignment, question, student]
    # With their lengths, so that no two triples make one message.
    message = b"".join(len(part.encode()).to_bytes(4, "big") + part.encode() for part in parts)
    digest = hmac.new(secret, message, hashlib.sha256).digest()
    return int.from_bytes(digest[:8], "big") >> (64 - SEED_BITS)


def hidden_points(question: Question, seed: int) -> Matrix:
    """The hidden points of `question`, shape (k, n), inside the spec's domain."""
    assert question.hidden is not None
    return draw(replace(question.hidden, seed=seed), question.spec.variables, question.spec.domain)


def read_secret(path: Path) -> tuple[bytes, bool]:
    """The secret in `path`, which is made on the first use, and whether it was. Only its owner may read a new one."""
    try:
        text = path.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return _new_secret(path), True
    except (OSError, UnicodeDecodeError) as error:
        raise SecretError(f"the secret {path} cannot be read: {error}") from None
    if len(text) < SHORTEST:
        raise SecretError(f"the secret in {path} has {len(text)} characters; it needs {SHORTEST} at least")
    return text.encode(), False


def _new_secret(path: Path) -> bytes:
    text = secrets.token_hex(SECRET_BYTES)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text + "\n")
    except OSError as error:
        raise SecretError(f"a secret cannot be made at {path}: {error.strerror}") from None
    return text.encode()
