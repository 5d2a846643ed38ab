"""The configuration reference: current, complete, and strict about fields without a description."""

import re

import pytest

from shared.settings import Settings
from tools import configuration


def test_reference_is_current() -> None:
    assert configuration.TARGET.read_text() == configuration.document()


def test_every_setting_of_every_process_is_listed() -> None:
    listed = set(re.findall(r"^\| `([A-Z0-9_]+)` \|", configuration.document(), re.MULTILINE))
    fields = {name.upper() for _, settings in configuration.settings_classes() for name in settings.model_fields}
    assert listed == fields


def test_field_without_a_description_is_refused() -> None:
    class Undocumented(Settings):
        speed: int = 1

    with pytest.raises(SystemExit, match="speed needs a docstring"):
        configuration.descriptions(Undocumented)


def test_every_secret_type_is_marked_as_secret() -> None:
    for _, settings in configuration.settings_classes():
        typed = {name for name, field in settings.model_fields.items() if "SecretStr" in str(field.annotation)}
        assert typed <= configuration.SECRETS
