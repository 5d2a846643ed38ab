"""`python -m chaos.skew`: programs of two releases on one database and one broker, in every mixture of an update.

The former release is checked out from git. It runs with the packages of this checkout if both have the same lock file,
and else with its own.
"""

import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import click

from chaos.checks.context import WRONG, CheckContext, Difference
from chaos.checks.suite import run_checks
from chaos.client import Client
from chaos.cluster import READY_SECONDS, Cluster
from chaos.containers import PROGRAMS, SERVICES, NoEngine, until
from chaos.history import ACKED, History, Person, Written
from chaos.mixed_scenario import quiet
from chaos.processes import ROOT, wait_until_ready
from chaos.report import details, say
from chaos.result import QUIET_SECONDS
from chaos.user_actions import Hand, Town

EFFECT_SECONDS = 300.0
LOCK = "requirements.lock"


@dataclass(frozen=True)
class Release:
    """The code of a release, and the interpreter with its packages."""

    name: str
    code: Path
    python: str

    def has(self, program: str) -> bool:
        """Whether this release has the program; a service may be new."""
        return program == "gateway" or (self.code / "services" / program).is_dir()


class Mixture:
    """A cluster whose programs are replaced by those of another release, and what people do in it."""

    def __init__(self, cluster: Cluster, history: History) -> None:
        self._cluster = cluster
        chance = random.Random("skew")  # noqa: S311 - no secret
        self._client = Client(cluster.base_url, history, chance)
        self._hand = Hand(self._client, Town(), chance)
        self._residents: list[Person] = []
        self._posts: list[Written] = []
        """Of the residents: they stay from one journey to the next."""
        self.differences: list[Difference] = []
        self.journeys = 0

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def replace(self, release: Release, *programs: str) -> None:
        """Replace these programs by those of this release, and return when everything is ready."""
        processes = [self._cluster.processes[name] for name in programs if release.has(name)]
        with ThreadPoolExecutor() as pool:
            list(pool.map(lambda process: process.stop(), processes))
        for process in processes:
            process.code, process.program = release.code, release.python
            process.start()
        wait_until_ready(self._cluster.processes.values(), self._cluster.is_ready, READY_SECONDS)

    def migrate(self, release: Release) -> None:
        """Run the migrations of this release; the programs go on running."""
        for name in filter(release.has, SERVICES):
            process = self._cluster.processes[name]
            before = process.code, process.program
            process.code, process.program = release.code, release.python
            process.run_once("migrate")
            process.code, process.program = before

    def journey(self, programs: str) -> None:
        """Sign up, follow, post, like, comment, write, delete the account: each is acknowledged and has its effect."""
        say(programs)
        self.journeys += 1
        history, hand = self._hand.history, self._hand
        written = len(history.written)
        stays, leaves = hand.newcomer(), hand.newcomer()
        if stays is None or leaves is None:
            self._wrong(programs, "nobody can sign up")
            return
        hand.follow(stays, leaves)
        post, kept = hand.publish(leaves), hand.publish(stays)
        if post is None or kept is None or not self._until(lambda: post.id in self._feed(stays)):
            self._wrong(programs, "a post is not in the feed of a follower")
            return
        for each in (post, *self._posts[-1:]):
            hand.like(stays, each)
            hand.comment(stays, each)
        for friend in (leaves, *self._residents[-1:]):
            hand.message(stays, friend)
            hand.show(stays, friend)
        hand.portrait(leaves)
        self._client.withdraw(leaves)
        if not self._until(lambda: self._client.ask(None, "GET", f"/posts/{post.id}").status == 404):
            self._wrong(programs, "the post of a deleted account is there")
        for thing in history.written[written:]:
            if thing.outcome is not ACKED:
                self._wrong(programs, f"a {thing.kind} was not acknowledged")
        self._residents.append(stays)
        self._posts.append(kept)

    def _feed(self, person: Person) -> set[str]:
        items = self._client.ask(person, "GET", "/feed").body.get("items", ())
        return {each["id"] for each in items}

    def _wrong(self, programs: str, what: str) -> None:
        self.differences.append(Difference(WRONG, f"{programs}: {what}"))

    @staticmethod
    def _until(holds: Callable[[], bool]) -> bool:
        with suppress(TimeoutError):
            until(holds, EFFECT_SECONDS, "the effect")
            return True
        return False


@click.command()
@click.option("--former", default="HEAD~1", help="The release before: a commit or a tag of git")
@click.option("--keep", is_flag=True, help="Keep the folder with the logs")
def main(*, former: str, keep: bool) -> None:
    """Exits with 1 if something fails in a mixture of the two releases, or if anything was lost."""
    folder = Path(tempfile.mkdtemp(prefix="shutter-skew-"))
    say(f"logs are in {folder}")
    history = History()
    cluster = Cluster(folder, proxied="posts")
    try:
        with _checked_out(former, folder) as old:
            found, journeys = _run(cluster, history, old, Release("present", ROOT, sys.executable))
    except NoEngine as problem:
        sys.exit(f"This needs a container engine: {problem}")
    finally:
        cluster.stop()
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)
    say(f"{former} and this checkout: {journeys} journeys, {sum(history.requests.values())} requests")
    details(found)
    sys.exit(int(bool(found)))


def _run(cluster: Cluster, history: History, old: Release, new: Release) -> tuple[list[Difference], int]:
    """The update in its order, and a rollback of each program. Returns the differences and the number of journeys."""
    mixture = Mixture(cluster, history)
    for name, process in cluster.processes.items():
        release = old if old.has(name) else new
        process.code, process.program = release.code, release.python
    cluster.start()
    try:
        mixture.journey("everything is old")
        mixture.migrate(new)
        mixture.journey("the schema is new")
        for number, program in enumerate(PROGRAMS, 1):
            mixture.replace(new, program)
            mixture.journey(f"new: {', '.join(PROGRAMS[:number])}")
        mixture.migrate(old)
        for program, before in zip(PROGRAMS, (None, *PROGRAMS), strict=False):
            if before is not None:
                mixture.replace(new, before)
            mixture.replace(old, program)
            mixture.journey(f"old: {program}")
    finally:
        mixture.close()
    context = CheckContext(history, cluster)
    found = mixture.differences
    if quiet(context, QUIET_SECONDS, time.monotonic()) is None:
        found.append(Difference(WRONG, "background work does not end"))
    return [*found, *run_checks(context)], mixture.journeys


@contextmanager
def _checked_out(revision: str, folder: Path) -> Iterator[Release]:
    """The release at this revision, during the block."""
    code = folder / "former"
    _run_in(ROOT, "git", "worktree", "add", "--quiet", "--detach", str(code), revision)
    try:
        python = sys.executable
        if (code / LOCK).read_bytes() != (ROOT / LOCK).read_bytes():
            say(f"{revision} has other packages: they are installed")
            python = str(folder / "packages" / "bin" / "python")
            _run_in(folder, sys.executable, "-m", "venv", "packages")
            _run_in(
                folder, python, "-m", "pip", "install", "--quiet", "--no-deps", "--require-hashes", f"-r{code / LOCK}"
            )
        yield Release(revision, code, python)
    finally:
        _run_in(ROOT, "git", "worktree", "remove", "--force", str(code))


def _run_in(folder: Path, *command: str) -> None:
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - our own commands


if __name__ == "__main__":
    main()
