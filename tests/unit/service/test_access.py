from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from evenload.base.errors import InputError
from evenload.service import access, audit, keys
from evenload.service.access_rows import Role, UserRow
from evenload.service.refusals import ConflictError, ForbiddenError, LoginError, NotFoundError, Refusal
from evenload.service.scope import Scope
from evenload.store.memory import MemoryStore

NOON = datetime(2026, 1, 12, 12, tzinfo=UTC)
ADMIN = Scope("north", "cli", Role.ADMIN)
ISSUER = "https://login.example"
SECRET = "s" * 64


class CountingHash:
    """A hash that is quick, and counts how often it had to work."""

    def __init__(self) -> None:
        self.verified = 0

    def hash(self, password: str) -> str:
        return f"quick:{password}"

    def verify(self, password: str, hashed: str) -> bool:
        self.verified += 1
        return hashed == f"quick:{password}"


def furnished() -> MemoryStore:
    store = MemoryStore()
    ann = UserRow("north", "ann", "Ann@Example.org", Role.ADMIN, password_hash="quick:long enough")  # noqa: S106
    access.add_user(ADMIN, store, ann, NOON)
    access.add_user(ADMIN, store, UserRow("north", "eve", "eve@example.org"), NOON)
    return store


def actions(store: MemoryStore, tenant: str = "north") -> list[str]:
    with store.reading() as unit:
        assert audit.verify(unit, tenant).broken_number is None
        return [row.action for row in reversed(unit.audit.last(tenant, 99))]


def test_a_login_takes_the_right_password_in_any_case_of_the_address() -> None:
    store = furnished()
    row = access.login(store, CountingHash(), " ann@EXAMPLE.org ", "long enough", NOON)
    assert access.scope_of(row) == Scope("north", "user:ann", Role.ADMIN)
    assert actions(store)[-1] == "login"


@pytest.mark.parametrize("email", ["ann@example.org", "nobody@example.org", "eve@example.org"])
def test_who_is_not_known_is_told_the_same_and_it_takes_as_long(email: str) -> None:
    hasher = CountingHash()
    with pytest.raises(LoginError, match=r"^the address or the password is wrong$"):
        access.login(furnished(), hasher, email, "wrong", NOON)
    assert hasher.verified == 1


def test_refused_logins_are_in_the_audit_log() -> None:
    store = furnished()
    with pytest.raises(LoginError):
        access.login(store, CountingHash(), "ann@example.org", "wrong", NOON)
    assert actions(store)[-1] == "login.refused"


def test_who_has_accounts_in_two_tenants_says_which() -> None:
    store = furnished()
    south = Scope("south", "cli", Role.ADMIN)
    theirs = UserRow("south", "ann", "ann@example.org", password_hash="quick:long enough")  # noqa: S106
    access.add_user(south, store, theirs, NOON)
    with pytest.raises(LoginError, match="say for which tenant: north, south"):
        access.login(store, CountingHash(), "ann@example.org", "long enough", NOON)
    row = access.login(store, CountingHash(), "ann@example.org", "long enough", NOON, tenant="south")
    assert row.tenant == "south"


def test_an_account_without_a_password_is_bound_to_the_first_login_elsewhere() -> None:
    store = furnished()
    assert access.login_elsewhere(store, ISSUER, "s-1", "eve@example.org", NOON).user_id == "eve"
    assert access.login_elsewhere(store, ISSUER, "s-1", "", NOON).user_id == "eve"
    assert access.bearer_of(store, ISSUER, "s-1") == Scope("north", "user:eve", Role.VIEWER)
    for subject, email in (("s-2", "eve@example.org"), ("s-2", "ann@example.org"), ("s-2", "")):
        with pytest.raises(LoginError, match="no account here"):
            access.login_elsewhere(store, ISSUER, subject, email, NOON)
    with pytest.raises(LoginError):
        access.bearer_of(store, ISSUER, "s-2")


def test_a_disabled_account_is_out_everywhere() -> None:
    store = furnished()
    access.add_user(ADMIN, store, UserRow("north", "bob", "bob@example.org", Role.ADMIN), NOON)
    access.change_user(ADMIN, store, "ann", NOON, lambda row: replace(row, disabled_at=NOON))
    with pytest.raises(LoginError):
        access.login(store, CountingHash(), "ann@example.org", "long enough", NOON)
    with pytest.raises(LoginError):
        access.user_now(store, "north", "ann")


def test_the_last_administrator_stays() -> None:
    store = furnished()
    for change in ({"disabled_at": NOON}, {"role": Role.OPERATOR}):
        with pytest.raises(ConflictError, match=r"Ann@Example\.org is the last administrator") as caught:
            access.change_user(ADMIN, store, "ann", NOON, lambda row, change=change: replace(row, **change))
        assert caught.value.reason is Refusal.LAST_ADMIN
    access.change_user(ADMIN, store, "eve", NOON, lambda row: replace(row, role=Role.ADMIN))
    assert access.change_user(ADMIN, store, "ann", NOON, lambda row: replace(row, role=Role.VIEWER)).role is Role.VIEWER


def test_an_address_has_one_account_in_a_tenant() -> None:
    store = furnished()
    with pytest.raises(ConflictError, match="has an account already"):
        access.add_user(ADMIN, store, UserRow("north", "ann2", "ANN@example.org"), NOON)
    with pytest.raises(InputError, match="is not an address"):
        access.add_user(ADMIN, store, UserRow("north", "x", "@example"), NOON)
    with pytest.raises(NotFoundError):
        access.user(Scope("south", "cli", Role.ADMIN), store, "ann")


def test_ones_own_password_takes_the_old_one_and_a_long_enough_new_one() -> None:
    store = furnished()
    ann = Scope("north", "user:ann", Role.ADMIN)
    with pytest.raises(LoginError, match="old password"):
        access.set_own_password(ann, store, CountingHash(), "ann", "wrong", "another one", NOON)
    with pytest.raises(InputError, match="10 to 1024"):
        access.set_own_password(ann, store, CountingHash(), "ann", "long enough", "short", NOON)
    access.set_own_password(ann, store, CountingHash(), "ann", "long enough", "another one", NOON)
    assert access.login(store, CountingHash(), "ann@example.org", "another one", NOON)


def made(store: MemoryStore, role: Role = Role.OPERATOR, expires_at: datetime | None = None) -> str:
    keys.add_key(ADMIN, store, "abcdef123456", SECRET, NOON, name="gateway", role=role, expires_at=expires_at)
    return keys.key_text("abcdef123456", SECRET)


def test_a_key_is_its_tenant_and_role_and_its_secret_is_not_kept() -> None:
    store = furnished()
    text = made(store)
    assert text == f"evl_abcdef123456_{SECRET}"
    assert keys.key_scope(store, text, NOON) == Scope("north", "key:abcdef123456", Role.OPERATOR)
    with store.reading() as unit:
        assert SECRET not in repr(unit.users.find_key("abcdef123456"))
        assert SECRET not in "".join(row.body for row in unit.audit.last("north", 9))


@pytest.mark.parametrize("text", ["", "evl_", f"evl_abcdef123456_{'t' * 64}", f"evl_fedcba123456_{SECRET}", "evl_a_b"])
def test_a_key_that_is_not_one_lets_nobody_in(text: str) -> None:
    store = furnished()
    made(store)
    with pytest.raises(LoginError, match="not known"):
        keys.key_scope(store, text, NOON)


def test_a_key_ends_when_it_expires_or_is_revoked() -> None:
    store = furnished()
    text = made(store, expires_at=NOON + timedelta(hours=1))
    assert keys.key_scope(store, text, NOON + timedelta(minutes=59))
    with pytest.raises(LoginError, match="revoked or has expired"):
        keys.key_scope(store, text, NOON + timedelta(hours=1))
    with pytest.raises(NotFoundError):
        keys.revoke_key(Scope("south", "cli", Role.ADMIN), store, "abcdef123456", NOON)
    keys.revoke_key(ADMIN, store, "abcdef123456", NOON)
    with pytest.raises(LoginError, match="revoked or has expired"):
        keys.key_scope(store, text, NOON)


def test_a_key_may_not_do_more_than_its_maker() -> None:
    with pytest.raises(ForbiddenError):
        keys.add_key(
            Scope("north", "user:eve", Role.OPERATOR), furnished(), "abcdef123456", SECRET, NOON, name="x",
            role=Role.VIEWER,
        )  # fmt: skip


@pytest.mark.parametrize("name", ["", " "])
def test_a_key_has_a_name(name: str) -> None:
    with pytest.raises(InputError, match="needs a name"):
        keys.add_key(ADMIN, MemoryStore(), "abcdef123456", SECRET, NOON, name=name, role=Role.VIEWER)
