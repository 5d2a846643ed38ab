"""Settings: safe by default, strict in production, and a key of its own for each purpose."""

import hmac

import pytest
from pydantic import SecretStr, ValidationError

from shared.settings import DEVELOPMENT_SECRET, Settings

STRONG = SecretStr("a secret of at least 32 characters")
DATABASE = "sqlite:///data/x.db"


def test_development_needs_nothing_but_a_database() -> None:
    settings = Settings(database_url=DATABASE)
    assert settings.environment == "development"
    assert settings.host == "127.0.0.1"
    assert settings.broker_url == "memory://"


def test_production_with_secrets_of_its_own_is_fine() -> None:
    callers = {"posts": SecretStr("another secret of 32 characters..")}
    settings = Settings(database_url=DATABASE, environment="production", secret=STRONG, callers=callers)
    assert settings.environment == "production"


@pytest.mark.parametrize(
    ("secret", "caller"),
    [
        (SecretStr(DEVELOPMENT_SECRET), STRONG),
        (SecretStr("too short"), STRONG),
        (SecretStr(""), STRONG),
        (STRONG, SecretStr(DEVELOPMENT_SECRET)),
        (STRONG, SecretStr("too short")),
    ],
)
def test_production_refuses_secrets_that_anybody_may_know(secret: SecretStr, caller: SecretStr) -> None:
    with pytest.raises(ValidationError, match="at least 32 characters") as refusal:
        Settings(database_url=DATABASE, environment="production", secret=secret, callers={"posts": caller})
    assert "too short" not in str(refusal.value), "what was given is not repeated"


def test_production_refuses_to_start_without_a_secret() -> None:
    with pytest.raises(ValidationError):
        Settings(database_url=DATABASE, environment="production")


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", DATABASE)
    monkeypatch.setenv("POOL_SIZE", "7")
    monkeypatch.setenv("CALLERS", '{"dm": "its secret"}')
    monkeypatch.setenv("LOG_LEVEL", "")
    settings = Settings()
    assert (settings.database_url, settings.pool_size, settings.log_level) == (DATABASE, 7, "info")
    assert settings.callers["dm"].get_secret_value() == "its secret"


@pytest.mark.parametrize("wrong", [{"port": 70_000}, {"pool_size": 0}, {"log_level": "loud"}, {"environment": "test"}])
def test_what_makes_no_sense_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Settings.model_validate({"database_url": DATABASE, **wrong})


def test_secrets_are_not_printed() -> None:
    settings = Settings(database_url=DATABASE, secret=STRONG, callers={"dm": STRONG})
    assert "32 characters" not in repr(settings)


def test_what_proves_a_service_to_its_callees_signs_nothing_else() -> None:
    settings = Settings(database_url=DATABASE, secret=STRONG)
    keys = {settings.caller_key(callee) for callee in ("auth", "posts")}
    assert len(keys) == 2
    assert all(len(key) == 64 for key in keys), "strong enough to be one of CALLERS in production"
    for key in keys:
        told = Settings(database_url=DATABASE, secret=SecretStr(key))
        assert told.key("photo links") != settings.key("photo links")
        assert told.caller_key("auth") not in keys
    shown = hmac.new(STRONG.get_secret_value().encode(), b"calls to auth", "sha256").hexdigest()
    assert settings.caller_key("auth") == shown, "as docs/cluster.md tells how to make it"


def test_each_purpose_has_a_key_of_its_own() -> None:
    one, other = (Settings(database_url=DATABASE, secret=SecretStr(f"{each} secret")) for each in ("one", "other"))
    keys = {settings.key(purpose) for settings in (one, other) for purpose in ("cursors", "links")}
    assert len(keys) == 4
    assert all(len(key) == 32 for key in keys)
    assert one.key("cursors") == one.key("cursors")


@pytest.mark.parametrize(
    ("url", "origin", "path"),
    [
        ("", "", ""),
        ("https://photos.example.com", "https://photos.example.com", ""),
        ("https://photos.example.com/", "https://photos.example.com", ""),
        ("https://example.com:8443/shutter", "https://example.com:8443", "/shutter"),
        ("http://[::1]:8080/a/b.c/", "http://[::1]:8080", "/a/b.c"),
    ],
)
def test_the_public_address_has_an_origin_and_a_path(url: str, origin: str, path: str) -> None:
    settings = Settings(database_url=DATABASE, public_url=url)
    assert (settings.public_origin, settings.public_path) == (origin, path)


@pytest.mark.parametrize(
    "url",
    [
        "example.com",
        "ftp://example.com",
        "https://",
        "https://a@example.com",
        "https://example.com/a?b",
        "https://e/a#b",
    ]
    + [f"https://example.com/{path}" for path in ("../a", "a//b", "a b", 'a"b', "a\\b", "%61")],
)
def test_a_public_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ValidationError):
        Settings(database_url=DATABASE, public_url=url)
