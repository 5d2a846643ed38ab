"""Concurrency: random follows, unfollows and withdrawals leave every count exact."""

from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor, wait
from random import Random

from shared import ids
from shared.database.engine import Database
from shared.replication.purge import PURGED
from shared.testing import FakeTokenIssuer, LiveService, eventually

from .factories import deleted, edges, facts, person, purge_states, some_people, wrong_counts
from .test_api import follow_url

THREADS = 8
PAUSE_SECONDS = 0.01
"""Between two checks: without it, they would leave the requests little time to run."""
STEPS = 30
PEOPLE = 8


def test_counts_equal_the_rows_during_and_after_concurrent_changes(
    social: LiveService, token_issuer: FakeTokenIssuer, database: Database
) -> None:
    everybody = some_people(database, PEOPLE)
    bearers = {each: token_issuer.bearer(each) for each in everybody}
    hot, mortal = everybody[:2], everybody[-3:]

    def live(seed: int) -> set[int]:
        chance = Random(seed)
        statuses = set()
        for step in range(STEPS):
            one, other = chance.sample(hot if chance.random() < 0.5 else everybody, 2)
            method = chance.choice(["PUT", "PUT", "DELETE"])
            statuses.add(social.client.request(method, follow_url(other), headers=bearers[one]).status_code)
            if seed < len(mortal) and step == STEPS // 2:
                assert social.deliver("user.deleted.v1", deleted(mortal[seed]))
        return statuses

    with ThreadPoolExecutor(THREADS) as pool:
        lives = [pool.submit(live, seed) for seed in range(THREADS)]
        while wait(lives, timeout=PAUSE_SECONDS).not_done:
            assert wrong_counts(database) == []
        assert set().union(*(each.result() for each in lives)) == {200, 401, 404}

    eventually(lambda: purge_states(database) == dict.fromkeys(mortal, PURGED))
    left = edges(database)
    assert left and not {each for pair in left for each in pair} & {*mortal}
    assert wrong_counts(database) == []
    assert left == told_by_facts(database, {*mortal})
    assert [person(database, each).followers_count for each in mortal] == [0, 0, 0]


def told_by_facts(database: Database, gone: set[int]) -> set[tuple[int, int]]:
    """The follows according to the published events; versions have no gaps and never decrease."""
    told: set[tuple[int, int]] = set()
    versions: dict[int, list[int]] = defaultdict(list)
    for name, data in facts(database):
        if name == "user.purged.v1":
            continue
        pair = ids.parse(data["follower_id"]), ids.parse(data["followee_id"])
        assert (pair in told) == (name == "user.unfollowed.v1"), "a fact that changes nothing"
        told ^= {pair}
        versions[pair[0]].append(data["version"])
    for heard in versions.values():
        assert heard == list(range(1, len(heard) + 1))
    return {pair for pair in told if not gone & {*pair}}
