"""What posts asks auth over HTTP, and the few fields that it reads of the answers."""

from pydantic import BaseModel

from shared import ids
from shared.errors import Unavailable
from shared.ids import Id
from shared.replication.purge import SubjectPage
from shared.security.service_calls import Neighbour


class Person(BaseModel):
    """Somebody as auth knows them; names are there as long as they have not withdrawn."""

    user_id: Id
    nickname: str | None
    name: str | None
    avatar_url: str | None
    version: int
    deleted: bool


class Withdrawal(BaseModel):
    """One entry of the list of who is gone."""

    id: Id
    user_id: Id


class Withdrawals(BaseModel):
    """A part of that list, oldest first, and after which entry it goes on."""

    items: list[Withdrawal]
    next: Id | None


class Auth:
    """Who exists, and who is gone."""

    def __init__(self, neighbour: Neighbour) -> None:
        self._neighbour = neighbour

    async def person(self, person_id: int) -> Person | None:
        """The person, or None where auth knows nobody of this id either. Raises Unavailable."""
        found = await self._neighbour.get(f"/internal/people/{ids.text(person_id)}")
        return None if found is None else Person.model_validate(found)

    async def withdrawals(self, after: int) -> SubjectPage:
        """Who has withdrawn, after this entry of the list. Raises Unavailable."""
        found = await self._neighbour.get("/internal/withdrawals", after=ids.text(after), limit=500)
        if found is None:
            raise Unavailable("neighbour_unavailable", "The list of withdrawals is not there.")
        part = Withdrawals.model_validate(found)
        last = part.items[-1].id if part.items else None
        return SubjectPage([each.user_id for each in part.items], last, part.next)
