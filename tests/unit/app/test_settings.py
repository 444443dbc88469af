"""Settings: where they come from, which wins, what is wrong with them in a sentence."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from evenload.app.settings import Settings, misspelt, settings_from
from evenload.base.errors import InputError


def test_what_is_given_wins_over_the_environment_and_that_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text('port = 1\nhost = "file"\nheartbeat_s = 7\n')
    environment = {"EVENLOAD_PORT": "2", "EVENLOAD_HOST": "environment", "EVENLOAD_VENV": "no setting", "PATH": "x"}
    chosen = settings_from(file, environment, {"port": 3, "database": None})
    assert (chosen.port, chosen.host, chosen.heartbeat_s) == (3, "environment", 7)
    assert chosen.database == Path("evenload.db")


def test_a_file_may_be_yaml_and_tenants_of_the_environment_a_list(tmp_path: Path) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text("tenants: [north, south]\nunknown_stations: accept\n")
    assert settings_from(file, {}, {}).tenants == ("north", "south")
    assert settings_from(file, {"EVENLOAD_TENANTS": "a, b"}, {}).tenants == ("a", "b")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("prot: 1", "there is no setting 'prot'. Did you mean 'port'?"),
        ("port: 99999", "port: must be 65535 or less"),
        ("port: many", "port: must be a whole number"),
        ("tls_key: a.pem", "tls_certificate and tls_key go together"),
        ("stations_ca: a.pem", "stations_ca needs tls_certificate"),
        ("stations_ca_key: a.pem", "stations_ca_key needs stations_ca"),
        ("certificate_days: 0", "certificate_days: must be 1 or more"),
        ("port: 1\nhost: a\nport: 2", "the key 'port' stands twice in the part at line 1"),
        ("port: 2020-99-99", "is not understood"),
        ("tenants: []", "at least one is needed"),
        ("[1, 2]", "holds no settings: write each on a line, as `name: value`"),
        ("tenants: [a/b]", "the tenant 'a/b' cannot be part of a path"),
        ("tenants: [home, 'ø']", "the tenant 'ø' cannot be part of a path"),
        ("role: site\nupstream: nope\nupstream_key: k", "upstream 'nope' is not an address such as https://"),
        ("role: site\nupstream: 'http://[x'\nupstream_key: k", "is not an address such as https://"),
        ("a: [", "is not understood"),
    ],
)
def test_wrong_settings_are_a_sentence(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "s.yaml").write_text(text)
    with pytest.raises(InputError) as raised:
        settings_from(tmp_path / "s.yaml", {}, {})
    assert words in str(raised.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read: No such file"):
        settings_from(tmp_path / "none.toml", {}, {})


def test_settings_do_not_change() -> None:
    with pytest.raises(ValidationError):
        Settings().port = 1


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"role": "site"}, "needs upstream and upstream_key"),
        ({"role": "site", "upstream": "https://far.example"}, "needs upstream and upstream_key"),
        ({"upstream": "https://far.example", "upstream_key": "evl_x"}, "needs upstream and upstream_key"),
        (
            {"role": "site", "upstream": "https://far.example", "upstream_key": "evl_x", "tenants": ("a", "b")},
            "a site has one tenant",
        ),
    ],
)
def test_a_site_says_who_plans_for_it(told: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        settings_from(None, {}, told)


def test_the_key_of_a_site_is_not_shown() -> None:
    told = {"EVENLOAD_ROLE": "site", "EVENLOAD_UPSTREAM": "https://far.example", "EVENLOAD_UPSTREAM_KEY": "evl_x"}
    chosen = settings_from(None, told, {})
    assert (chosen.role, chosen.upstream_key) == ("site", "evl_x")
    assert "evl_x" not in repr(chosen)


def test_variables_that_look_like_settings_and_are_none_are_said_with_the_nearest() -> None:
    told = misspelt({"EVENLOAD_PROT": "1", "EVENLOAD_PORT": "1", "EVENLOAD_VENV": "x", "PATH": "y"})
    assert told == ["EVENLOAD_PROT is no setting and has no effect. Did you mean 'EVENLOAD_PORT'?"]
