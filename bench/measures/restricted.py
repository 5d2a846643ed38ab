"""Whether a home feed costs more for users who block and mute others."""

from collections.abc import Sequence
from functools import partial

from sqlalchemy import Engine, and_, insert, update

from bench.costs import HEAD, Ratio, cost, in_turn, middles, row, totals
from bench.dataset import AGE, Dataset, people, posted
from bench.environment import Environment
from bench.report import Report
from bench.systems import feed
from services.posts import models
from shared import clock

AT_MOST = 1.1
AUTHORS, POSTS_EACH, READERS = 150, 10, 30
MUTED = BLOCKED = 25
WITH, WITHOUT = "with blocks and mutes", "without"


def measure(environment: Environment, report: Report) -> None:
    """All readers see the posts of 100 authors. Some also follow 25 whom they mute, and block 25 others."""
    since = clock.now() - AGE
    persons = people(AUTHORS + 2 * READERS, since - clock.DAY)
    authors, of_few, restricting = persons[:AUTHORS], persons[AUTHORS:-READERS], persons[-READERS:]
    muted, blocked, shown = authors[:MUTED], authors[MUTED : MUTED + BLOCKED], authors[MUTED + BLOCKED :]
    follows = [(reader, author) for reader in of_few for author in shown]
    follows += [(reader, author) for reader in restricting for author in [*shown, *muted]]
    environment.play(Dataset("restricted", persons, follows, posted(authors * POSTS_EACH, since)))
    _restrict(environment.ours.engines["posts"], restricting, muted, blocked)
    environment.ours.write_timelines()
    tokens = environment.tokens([*of_few, *restricting])
    sides = {
        name: partial(cost, environment.ours, [feed(tokens[reader]) for reader in readers], environment.options.answers)
        for name, readers in ((WITHOUT, of_few), (WITH, restricting))
    }
    in_turn(sides, 1)
    costs = in_turn(sides, environment.options.rounds)
    report.table("Home feed of 10", HEAD, [row(*each) for each in costs.items()])
    report.picture("restricted", "CPU of a home feed of 10", middles(costs), "us")
    ratio = Ratio.of(totals(costs[WITH]), totals(costs[WITHOUT]))
    report.goal("a feed with blocks and mutes", f"at most {AT_MOST}", str(ratio), held=ratio.median <= AT_MOST)


def _restrict(engine: Engine, readers: Sequence[int], muted: Sequence[int], blocked: Sequence[int]) -> None:
    """As posts stores it: a muted user is followed, but their posts are not shown."""
    follows = models.follows.c
    rows = [
        {"person_id": reader, "other_id": other, "blocking": blocking, "muting": not blocking, "version": 1}
        for reader in readers
        for others, blocking in ((muted, False), (blocked, True))
        for other in others
    ]
    hidden = and_(follows.follower_id.in_(readers), follows.followee_id.in_(muted))
    with engine.begin() as tx:
        tx.execute(insert(models.restrictions), rows)
        tx.execute(update(models.follows).where(hidden).values(following=False, hidden_version=follows.version))
