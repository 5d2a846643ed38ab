"""Traces of the cluster: the trace of a withdrawal goes through five processes, MySQL and RabbitMQ."""

from pathlib import Path

import httpx
import pytest

from chaos.cluster import Cluster
from deploy.tests.journeys.person import Person
from deploy.tests.withdrawal_trace import withdrawal_is_complete
from shared.service_list import PURGE_REPORTERS
from shared.testing import eventually
from shared.testing.trace_receiver import trace_receiver
from shared.testing.waiting import WAIT_SECONDS


@pytest.mark.containers
def test_one_trace_follows_a_withdrawal_through_the_cluster(tmp_path: Path) -> None:
    with trace_receiver() as receiver:
        cluster = Cluster(tmp_path, proxied="posts", settings=receiver.settings)
        try:
            cluster.start()
            with httpx.Client(base_url=cluster.base_url, timeout=WAIT_SECONDS) as web:
                assert Person.newcomer(web).withdraw().status_code < 300
            eventually(lambda: withdrawal_is_complete(receiver))
        finally:
            cluster.stop()
        statements = [each for each in receiver.spans if "db.query.text" in each.attributes]
        assert {each.service for each in statements} == {"auth", *PURGE_REPORTERS}
        assert {each.attributes["db.system.name"] for each in statements} == {"mysql"}
