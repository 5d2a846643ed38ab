"""The environment of a measurement: the servers, both systems, and the dataset that they contain."""

import copy
import random
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import create_engine

from bench import graph, seeding
from bench.baseline.models import Model
from bench.dataset import Dataset, society, uploads
from bench.load.requests import Request
from bench.oracle import Oracle, compare, shown
from bench.servers import Servers, servers
from bench.systems import Baseline, Ours, Signer, System, feed, person
from services.posts import models

UPLOADS_EACH = 60
BESIDE = 10
SAMPLE = 25
"""Users whose responses are compared with the oracle before any measurement."""


@dataclass(frozen=True)
class Options:
    """The extent of a measurement."""

    rounds: int = 5
    answers: int = 3_000
    posts: tuple[int, ...] = (10, 100)
    """Posts a person; each is measured where it matters, else the first."""
    seconds: float = 6.0
    """Of each try of an open-loop load."""
    idle_seconds: float = 60.0
    """How long idle processes are measured."""
    graph: Path | None = None


class Environment:
    """Started when first needed, removed at the end."""

    def __init__(self, folder: Path, options: Options) -> None:
        self.folder = folder
        self.options = options
        self._stack = ExitStack()
        self._playing = False
        self.dataset = Dataset("nothing", [], [], [])
        self.uploads: dict[str, dict[int, list[int]]] = {}
        """What is left of them, by system and owner."""

    def __enter__(self) -> "Environment":
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()
        self._stack.close()

    @cached_property
    def servers(self) -> Servers:
        """MySQL and RabbitMQ."""
        return self._stack.enter_context(servers(self.folder))

    @cached_property
    def ours(self) -> Ours:
        """With its tables, not yet running."""
        found = Ours(self.folder, self.servers)
        found.migrate()
        return found

    @cached_property
    def signer(self) -> Signer:
        """After the tables."""
        _ = self.ours
        return Signer(self.servers)

    @cached_property
    def baseline(self) -> Baseline:
        """Not yet running."""
        return Baseline(self.folder, self.servers, self.signer.public_key())

    @property
    def sizes(self) -> list[int]:
        """Numbers of posts per user to be measured, starting with the current one."""
        return sorted(self.options.posts, key=lambda each: self.dataset.name != _society(each))

    def answers(self, system: System) -> int:
        """The number of responses of a run in which the baseline is only shown for comparison: fewer than in others."""
        return self.options.answers // (1 if system is self.ours else BESIDE)

    @property
    def systems(self) -> list[System]:
        """Both."""
        return [self.ours, self.baseline]

    def society(self, posts_each: int) -> Dataset:
        """The social graph."""
        if self.dataset.name == _society(posts_each):
            return self.dataset
        edges, source = graph.graph(self.options.graph)
        print(f"graph: {source}", flush=True)
        return self.play(society(_society(posts_each), edges, posts_each, UPLOADS_EACH))

    def play(self, dataset: Dataset) -> Dataset:
        """Load this dataset into both systems, start them, and verify their responses."""
        self._stop()
        began = time.monotonic()
        ours, _ = self.ours, self.baseline
        seeding.fill(ours.engines["posts"], dataset)
        root = create_engine(self.servers.database.url("root", "mysql"))
        seeding.copy_to_baseline(root)
        if dataset.posts:
            ours.write_timelines()
        seeding.analyze(root, "posts", models.metadata.sorted_tables)
        seeding.analyze(root, "baseline", Model.metadata.sorted_tables)
        root.dispose()
        self._start()
        self.dataset = dataset
        self.uploads = {system.name: copy.deepcopy(dataset.uploads) for system in self.systems}
        self._verify()
        print(f"{dataset.name}: {dataset.sizes()}; seeded and verified in {time.monotonic() - began:.0f} s", flush=True)
        return dataset

    def tokens(self, people: Iterable[int]) -> dict[int, str]:
        """By user."""
        return {each: self.signer.token(each) for each in people}

    def extra_uploads(self, owner: int, number: int) -> list[int]:
        """This number of additional uploads, in ours."""
        made = uploads({owner: number})
        seeding.add_uploads(self.ours.engines["posts"], made)
        return made[owner]

    @contextmanager
    def ours_alone(self) -> Iterator[Ours]:
        """Ours without the baseline, on the current database, during the block."""
        self._stop()
        self.dataset = Dataset("nothing", [], [], [])
        self.ours.start()
        try:
            yield self.ours
        finally:
            self.ours.stop()

    def _start(self) -> None:
        self.ours.start()
        self.baseline.start()
        self._playing = True
        self.ours.settle()

    def _stop(self) -> None:
        if self._playing:
            self.ours.stop()
            self.baseline.stop()
            self._playing = False

    def _verify(self) -> None:
        """Raises Wrong if a sample of responses differs from the oracle."""
        oracle, chance = Oracle(self.dataset), random.Random(1)  # noqa: S311 - the same in each run
        sample = chance.sample(self.dataset.people, min(SAMPLE, len(self.dataset.people)))
        tokens = self.tokens(sample)
        for system in self.systems if self.dataset.posts else ():
            with httpx.Client(base_url=f"http://127.0.0.1:{system.port()}", timeout=30) as web:
                for reader in sample:
                    pages = walk(web, feed(tokens[reader]), 2)
                    found = [shown(item, system.base) for page in pages for item in page["items"]]
                    compare(f"{system.name}, feed", oracle.feed(reader)[:20], found)
                    page = walk(web, person(system, tokens[reader], sample[0]), 1)[0]
                    found = [shown(item, system.base) for item in page["items"]]
                    compare(f"{system.name}, a person's posts", oracle.posts_of(sample[0], reader)[:10], found)


def _society(posts_each: int) -> str:
    return f"society-{posts_each}"


def walk(web: httpx.Client, first: Request, pages: int) -> list[dict[str, Any]]:
    """This number of pages, or fewer if the list ends, each by the cursor of the previous one."""
    found: list[dict[str, Any]] = []
    target: str | None = first.target
    while target and len(found) < pages:
        answer = web.get(target, headers={"authorization": f"Bearer {first.token}"}).raise_for_status()
        found.append(answer.json())
        cursor = found[-1]["next_cursor"]
        target = f"{first.target}&cursor={cursor}" if cursor else None
    return found
