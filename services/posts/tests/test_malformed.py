"""What is malformed or ambiguous does no harm here either, although only the gateway should ever send anything."""

from shared.testing import LiveService
from shared.testing.backends import only_embedded
from shared.testing.malformed import CASES
from shared.testing.raw_http import faults, send_raw

pytestmark = only_embedded


def test_a_malformed_request_does_no_harm(service: LiveService) -> None:
    reactions = send_raw(service.client.base_url.port or 0, CASES, "/healthz")
    found = {case.name: faults(case, reaction) for case, reaction in zip(CASES, reactions, strict=True)}
    assert {name: each for name, each in found.items() if each} == {}
    assert service.client.get("/healthz").status_code == 200
