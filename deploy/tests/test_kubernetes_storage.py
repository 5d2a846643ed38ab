"""Where photos are stored on Kubernetes: in volumes, or with components/s3 in object storage."""

import pytest

from deploy.cluster import PROGRAMS

from .kubernetes_manifests import KUBECTL, Overlay, copy_of_kubernetes, overlays

pytestmark = pytest.mark.skipif(not KUBECTL.exists(), reason="there is no kubectl for this machine")
WITH_FILES = ("auth", "posts", "dm")
ANY_HOST = {"ipBlock": {"cidr": "2000::/3"}}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Overlay]:
    """All overlays, by name."""
    return {each.name: each for each in overlays(copy_of_kubernetes(tmp_path_factory.mktemp("kubernetes")))}


@pytest.mark.parametrize("name", ["local", "production", "production-gateway-api"])
def test_files_are_in_a_volume_for_each_service(built: dict[str, Overlay], name: str) -> None:
    overlay = built[name]
    pods = [overlay.pods[f"Deployment {each}"] for each in WITH_FILES]
    claims = {each["persistentVolumeClaim"]["claimName"] for pod in pods for each in pod["volumes"][2:]}
    assert claims == set(overlay.of("PersistentVolumeClaim")) == {f"{each}-files" for each in WITH_FILES}
    assert {overlay.settings(pod)["STORAGE_URL"] for pod in pods} == {"file:///data"}
    assert "object-storage" not in overlay.of("NetworkPolicy")


def test_object_storage_replaces_the_volumes(built: dict[str, Overlay]) -> None:
    overlay = built["production-s3"]
    assert overlay.of("PersistentVolumeClaim") == {}
    for name in WITH_FILES:
        pod = overlay.pods[f"Deployment {name}"]
        assert [each["name"] for each in pod["volumes"]] == ["secrets", "tmp"]
        assert [each["name"] for each in pod["containers"][0]["volumeMounts"]] == ["secrets", "tmp"]
        settings = overlay.settings(pod)
        assert settings["STORAGE_URL"] == f"s3://shutter/{name}"
        assert settings["AWS_ENDPOINT_URL"].startswith("https://") and settings["AWS_REGION"]


@pytest.mark.parametrize("name", PROGRAMS)
def test_object_storage_is_reached_by_those_who_use_it_with_keys_from_files(
    built: dict[str, Overlay], name: str
) -> None:
    overlay = built["production-s3"]
    pod = overlay.pods[f"Deployment {name}"]
    keys = {key: value for key, value in overlay.settings(pod).items() if key.startswith("AWS_") and "KEY" in key}
    rules = [rule for each in overlay.policies_of(name) for rule in each.get("egress", [])]
    by_tls = [rule["to"] for rule in rules if {"protocol": "TCP", "port": 443} in rule["ports"]]
    storage = [peers for peers in by_tls if ANY_HOST not in peers]  # push services
    if name not in WITH_FILES:
        assert not keys and not storage
        return
    mount = next(each for each in pod["containers"][0]["volumeMounts"] if each["name"] == "secrets")["mountPath"]
    assert keys == {f"{key}_FILE": f"{mount}/{key}" for key in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")}
    assert storage == [[{"ipBlock": {"cidr": "192.0.2.0/24"}}]]
