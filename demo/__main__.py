"""`python -m demo`: creates sample data in the instance at BASE_URL, or on PORT of this machine."""

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from .client import ApiClient, RequestRejected, SeedingAborted
from .people import PASSWORD, PEOPLE
from .plan import plan
from .seed import Seeder

T = TypeVar("T")


def main() -> None:
    base_url = (os.environ.get("BASE_URL") or f"http://localhost:{os.environ.get('PORT') or 8080}").rstrip("/")
    console = Console(highlight=False)
    try:
        seeder = _seed(base_url, console)
    except (SeedingAborted, RequestRejected) as end:
        sys.exit(str(end))
    except KeyboardInterrupt:
        sys.exit("\nStopped. Run it again: it continues where it stopped.")
    _print_summary(seeder, base_url, console)


@dataclass(frozen=True, slots=True)
class Bars:
    """One bar for each step."""

    progress: Progress

    def __call__(self, step: str, items: Iterable[T], total: int) -> Iterator[T]:
        if not total:
            return
        task = self.progress.add_task(step, total=total)
        for item in items:
            yield item
            self.progress.advance(task)


def _seed(base_url: str, console: Console) -> Seeder:
    client = ApiClient(base_url)
    client.check_reachable()
    columns = (TextColumn("{task.description:24}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with closing(client.http), Progress(*columns, console=console) as progress:
        seeder = Seeder(plan(), client, Bars(progress))
        seeder.run()
    return seeder


def _print_summary(seeder: Seeder, base_url: str, console: Console) -> None:
    added = ", ".join(f"{count} {what}" for what, count in seeder.added.items())
    console.print(f"\nAdded {added}." if added else "\nAll sample data exists already.")
    present = [user.person for user in seeder.users.values()]
    logins = Table("Log in as", "Email", "Password", title="\nThree of the users", title_justify="left")
    for person in [person for person in PEOPLE if person in present][:3]:
        logins.add_row(person.name, person.email, PASSWORD)
    console.print(logins)
    if present:
        console.print(_what_to_try(base_url, min(present, key=PEOPLE.index).email), soft_wrap=True, markup=False)


def _what_to_try(base_url: str, email: str) -> str:
    api = f"{base_url}/api/v1"
    return f"""
Log in and look around:  {base_url}/login

Or by the interface ({base_url}/docs):
  TOKEN=$(curl -s {api}/auth/login -H 'Content-Type: application/json' \\
    -d '{{"identifier": "{email}", "password": "{PASSWORD}"}}' | sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/')
  curl -s "{api}/feed?limit=3" -H "Authorization: Bearer $TOKEN"
  curl -s "{api}/rooms" -H "Authorization: Bearer $TOKEN"
  curl -s "{api}/users?query=a"
"""


if __name__ == "__main__":
    main()
