"""`python -m demo`: fills the instance at BASE_URL, or at PORT of this machine, and tells what to try."""

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from .client import Refused, Stopped, Visitor
from .people import PASSWORD, PEOPLE
from .plan import plan
from .seed import Performance

T = TypeVar("T")


def main() -> None:
    base_url = (os.environ.get("BASE_URL") or f"http://localhost:{os.environ.get('PORT') or 8080}").rstrip("/")
    console = Console(highlight=False)
    try:
        performance = _perform(base_url, console)
    except (Stopped, Refused) as end:
        sys.exit(str(end))
    except KeyboardInterrupt:
        sys.exit("\nStopped. Run it again: it goes on where it stopped.")
    _tell(performance, base_url, console)


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


def _perform(base_url: str, console: Console) -> Performance:
    visitor = Visitor(base_url)
    visitor.greet()
    columns = (TextColumn("{task.description:24}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with closing(visitor.http), Progress(*columns, console=console) as progress:
        performance = Performance(plan(), visitor, Bars(progress))
        performance.run()
    return performance


def _tell(performance: Performance, base_url: str, console: Console) -> None:
    added = ", ".join(f"{count} {what}" for what, count in performance.added.items())
    console.print(f"\nAdded {added}." if added else "\nEveryone and everything was here already: nothing to add.")
    here = [guest.person for guest in performance.guests.values()]
    logins = Table("Log in as", "Email", "Password", title="\nThree of them", title_justify="left")
    for person in [person for person in PEOPLE if person in here][:3]:
        logins.add_row(person.name, person.email, PASSWORD)
    console.print(logins)
    if here:
        console.print(_what_to_try(base_url, min(here, key=PEOPLE.index).email), soft_wrap=True, markup=False)


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
