import hashlib
from base64 import b64encode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenload.net.password import Verified, hash_key, hash_password, is_slow, verify

SALT = bytes(range(16))


def test_scrypt_is_the_one_of_the_standard() -> None:
    # RFC 7914, section 12: the third test vector.
    expected = "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2"
    derived = hashlib.scrypt(b"pleaseletmein", salt=b"SodiumChloride", n=16384, r=8, p=1, dklen=32)
    assert derived.hex() == expected
    salt, digest = (b64encode(part).decode() for part in (b"SodiumChloride", derived))
    assert hash_password(b"pleaseletmein", b"SodiumChloride") == f"scrypt$16384$8$1${salt}${digest}"
    assert verify(b"pleaseletmein", f"scrypt$16384$8$1${salt}${digest}")


@given(st.binary(min_size=16, max_size=40), st.binary(max_size=40))
def test_only_the_key_that_was_hashed_matches(key: bytes, other: bytes) -> None:
    hashed = hash_key(key, SALT)
    assert verify(key, hashed)
    assert verify(other, hashed) is (other == key)


@settings(max_examples=5, deadline=None)
@given(st.binary(max_size=40), st.binary(max_size=40))
def test_only_the_password_that_was_hashed_matches(password: bytes, other: bytes) -> None:
    hashed = hash_password(password, SALT)
    assert verify(password, hashed)
    assert verify(other, hashed) is (other == password)


def test_a_short_key_is_not_hashed_the_fast_way() -> None:
    with pytest.raises(ValueError, match="can be guessed"):
        hash_key(b"x" * 15, SALT)


@pytest.mark.parametrize("hashed", ["", "plain", "scrypt$1$2", "sha256$?$?", "scrypt$3$8$1$AAAA$AAAA", "sha256$AAAA"])
def test_an_unreadable_hash_matches_nothing(hashed: str) -> None:
    assert not verify(b"", hashed)


def test_hashes_hold_neither_password_nor_a_common_part() -> None:
    a, b = hash_key(b"k" * 20, b"a" * 16), hash_key(b"k" * 20, b"b" * 16)
    assert "kkkk" not in a
    assert a.split("$")[2] != b.split("$")[2]
    assert (is_slow(a), is_slow(hash_password(b"p", SALT))) == (False, True)


def test_what_was_verified_is_known_until_the_hash_changes() -> None:
    verified = Verified(b"s" * 32, kept_max=2)
    verified.keep(b"one", "hash 1")
    assert verified.holds(b"one", "hash 1")
    assert not verified.holds(b"two", "hash 1")
    assert not verified.holds(b"one", "hash 2")
    verified.keep(b"two", "hash 2")
    verified.keep(b"three", "hash 3")
    assert not verified.holds(b"one", "hash 1")  # no more than two are kept
