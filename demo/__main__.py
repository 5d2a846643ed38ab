"""`python -m demo`: creates sample data in the instance at BASE_URL, or on PORT of this machine."""

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import closing
from typing import TypeVar

import click

from .client import ApiClient, RequestRejected, SeedingAborted
from .people import PASSWORD, PEOPLE
from .plan import plan
from .seed import Seeder

T = TypeVar("T")
LABEL_WIDTH = 24
"""Characters before each progress bar."""


def main() -> None:
    base_url = (os.environ.get("BASE_URL") or f"http://localhost:{os.environ.get('PORT') or 8080}").rstrip("/")
    try:
        seeder = _seed(base_url)
    except (SeedingAborted, RequestRejected) as end:
        sys.exit(str(end))
    except KeyboardInterrupt:
        sys.exit("\nStopped. Run it again: it continues where it stopped.")
    _print_summary(seeder, base_url)


def _with_bar(step: str, items: Iterable[T], total: int) -> Iterator[T]:
    """The items, with a progress bar of this step."""
    if total:
        with click.progressbar(items, total, step.ljust(LABEL_WIDTH), show_pos=True, show_eta=False) as bar:
            yield from bar


def _seed(base_url: str) -> Seeder:
    client = ApiClient(base_url)
    client.check_reachable()
    with closing(client.http):
        seeder = Seeder(plan(), client, _with_bar)
        seeder.run()
    return seeder


def _print_summary(seeder: Seeder, base_url: str) -> None:
    added = ", ".join(f"{count} {what}" for what, count in seeder.added.items())
    print(f"\nAdded {added}." if added else "\nAll sample data exists already.")
    present = [user.person for user in seeder.users.values()]
    print("\nThree of the users:")
    for person in [person for person in PEOPLE if person in present][:3]:
        print(f"  {person.email:32} {PASSWORD}  {person.name}")
    if present:
        print(_what_to_try(base_url, min(present, key=PEOPLE.index).email))


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
