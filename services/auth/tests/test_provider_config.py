"""The setting OIDC_PROVIDERS: what is accepted, and the sentence that refuses the rest."""

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from services.auth.provider_config import read_providers
from services.auth.settings import Settings

BASE = "https://photos.example"
GOOD: dict[str, Any] = {
    "id": "google", "name": "Google", "issuer": "https://accounts.google.com",
    "client_id": "c", "client_secret": "hush",
}  # fmt: skip


def read(*entries: Any, base_url: str = BASE, is_production: bool = True) -> Any:
    return read_providers(json.dumps(entries), base_url=base_url, is_production=is_production)


def test_redirect_uri_is_the_page_of_the_web_client_by_default() -> None:
    (google,) = read(GOOD)
    assert google.redirect_uris == ("https://photos.example/login/google",)
    assert google.scopes == "openid email profile"
    (other,) = read(GOOD | {"redirect_uris": ["https://a.example/b"], "scopes": "openid"})
    assert other.redirect_uris == ("https://a.example/b",)


def test_nothing_means_no_provider() -> None:
    assert read_providers(" \n", base_url=BASE, is_production=True) == ()
    assert read() == ()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"id": "Google"}, "provider 1: id"),
        ({"id": ""}, "provider 1: id"),
        ({"id": "a/b"}, "provider 1: id"),
        ({"name": ""}, "provider 1: name"),
        ({"client_id": ""}, "provider 1: client_id"),
        ({"client_secret": ""}, "provider 1: client_secret"),
        ({"scopes": "email"}, "provider 1: scopes"),
        ({"secret": "hush"}, "provider 1: secret"),
        ({"issuer": "http://accounts.google.com"}, "issuer of google has to be an https:// URL"),
        ({"issuer": "accounts.google.com"}, "issuer of google"),
        ({"issuer": "https://a:b@accounts.google.com"}, "issuer of google"),
        ({"issuer": "https://accounts.google.com?a=b"}, "issuer of google"),
        ({"issuer": "http://localhost:9000"}, "issuer of google"),
        ({"redirect_uris": ["http://photos.example/a"]}, "redirect_uris of google"),
        ({"redirect_uris": ["https://photos.example/a#b"]}, "redirect_uris of google"),
    ],
)
def test_mistake_is_named_without_the_secret(change: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match="OIDC_PROVIDERS") as refused:
        read(GOOD | change)
    assert sentence in str(refused.value)
    assert "hush" not in str(refused.value)


@pytest.mark.parametrize("text", ["{", "{}", "5", '["google"]', "[null]", f"[{','.join(['{}'] * 21)}]"])
def test_what_is_no_list_of_objects_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="OIDC_PROVIDERS"):
        read_providers(text, base_url=BASE, is_production=True)


def test_two_entries_with_one_id_or_issuer_are_refused() -> None:
    with pytest.raises(ValueError, match="the same id"):
        read(GOOD, GOOD | {"issuer": "https://other.example"})
    with pytest.raises(ValueError, match="the same issuer"):
        read(GOOD, GOOD | {"id": "other"})


def test_http_of_this_machine_is_accepted_in_development() -> None:
    local = GOOD | {"issuer": "http://127.0.0.1:9000"}
    assert read(local, base_url="http://localhost:8080", is_production=False)


def test_setting_is_read_from_a_file_and_refused_at_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "providers.json"
    file.write_text(json.dumps([GOOD]))
    monkeypatch.setenv("OIDC_PROVIDERS_FILE", str(file))
    assert [each.id for each in Settings(public_url=BASE).identity_providers] == ["google"]
    file.write_text(json.dumps([GOOD | {"issuer": "http://evil.example"}]))
    with pytest.raises(ValidationError, match="issuer of google") as refused:
        Settings(public_url=BASE)
    assert "hush" not in str(refused.value)
