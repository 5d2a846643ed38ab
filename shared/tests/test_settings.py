"""Settings: safe defaults, strict in production, and a separate key for each purpose."""

import hmac
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from shared.settings import DEVELOPMENT_SECRET, Settings

STRONG = SecretStr("a secret of at least 32 characters")
DATABASE = "sqlite:///data/x.db"


def test_development_requires_only_a_database_url() -> None:
    settings = Settings(database_url=DATABASE)
    assert settings.environment == "development"
    assert settings.host == "127.0.0.1"
    assert settings.broker_url == "memory://"


def test_production_accepts_its_own_secrets() -> None:
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
def test_production_refuses_known_secrets(secret: SecretStr, caller: SecretStr) -> None:
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


def test_error_names_each_missing_secret() -> None:
    with pytest.raises(ValidationError) as refusal:
        Settings(database_url=DATABASE, environment="production", callers={"dm": STRONG, "posts": SecretStr("short")})
    assert "SECRET, CALLERS of posts: in production each needs" in str(refusal.value)


def test_every_setting_can_be_read_from_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    contents = {
        "DATABASE_URL": DATABASE,
        "SECRET": "a secret with an = and a space",
        "CALLERS": '{"dm": "its secret"}',
        "POOL_SIZE": "7",
    }
    for name, content in contents.items():
        (tmp_path / name).write_text(f"{content}\n")
        monkeypatch.setenv(f"{name}_FILE", str(tmp_path / name))
    settings = Settings()
    assert (settings.database_url, settings.pool_size) == (DATABASE, 7)
    assert settings.secret.get_secret_value() == "a secret with an = and a space"
    assert settings.callers["dm"].get_secret_value() == "its secret"


def test_setting_and_its_file_cannot_both_be_given(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("from the file")
    monkeypatch.setenv("DATABASE_URL", DATABASE)
    monkeypatch.setenv("SECRET_FILE", str(tmp_path / "secret"))
    monkeypatch.setenv("SECRET", "from the environment")
    with pytest.raises(ValueError, match="Both SECRET and SECRET_FILE are set"):
        Settings()
    monkeypatch.setenv("SECRET", "")
    assert Settings().secret.get_secret_value() == "from the file"


@pytest.mark.parametrize(
    ("content", "reason"), [(None, "cannot be read"), (b"\xff", "not UTF-8"), (b"x" * 65_537, "more than 65536 bytes")]
)
def test_unusable_file_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes | None, reason: str
) -> None:
    if content is not None:
        (tmp_path / "secret").write_bytes(content)
    monkeypatch.setenv("DATABASE_URL", DATABASE)
    monkeypatch.setenv("SECRET_FILE", str(tmp_path / "secret"))
    with pytest.raises(ValueError, match=f"SECRET_FILE: .*secret .*{reason}"):
        Settings()


@pytest.mark.parametrize("wrong", [{"port": 70_000}, {"pool_size": 0}, {"log_level": "loud"}, {"environment": "test"}])
def test_invalid_settings_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Settings.model_validate({"database_url": DATABASE, **wrong})


def test_secrets_are_not_printed() -> None:
    settings = Settings(database_url=DATABASE, secret=STRONG, callers={"dm": STRONG})
    assert "32 characters" not in repr(settings)


def test_caller_keys_are_not_usable_for_other_signatures() -> None:
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


def test_each_purpose_has_its_own_key() -> None:
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
def test_public_url_is_split_into_origin_and_path(url: str, origin: str, path: str) -> None:
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
def test_invalid_public_url_is_refused(url: str) -> None:
    with pytest.raises(ValidationError):
        Settings(database_url=DATABASE, public_url=url)
