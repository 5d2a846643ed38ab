"""Browsers that get notifications by Web Push: each is of the account that subscribed last, while its session lasts."""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, select, update

from shared import clock, ids
from shared.errors import NotFound
from shared.push.encryption import BrowserKeys

from .. import models
from . import people

MAX_SUBSCRIPTIONS = 20
"""Of one user; the one that was renewed longest ago is replaced."""
RETENTION_MS = 30 * clock.DAY
"""How long a browser may not renew its subscription: as long as a session may be unused."""
_subscriptions = models.push_subscriptions.c


@dataclass(frozen=True, slots=True)
class Subscription:
    """What a browser gives (Push API, PushSubscription)."""

    endpoint: str
    keys: BrowserKeys


def subscribe(tx: Connection, person_id: int, session_id: int, given: Subscription) -> int:
    """Store it, or renew it, and return its id. Of another account, it is that no longer.

    Raises Unauthenticated if the account is deleted or suspended.
    """
    people.lock_present(tx, person_id)
    now, digest = clock.now(), hashlib.sha256(given.endpoint.encode()).digest()
    values = {"session_id": session_id, "p256dh": given.keys.p256dh, "auth": given.keys.auth, "renewed_at": now}
    same = select(_subscriptions.id, _subscriptions.person_id).where(_subscriptions.digest == digest)
    found = tx.execute(same.with_for_update()).one_or_none()
    if found is not None and found.person_id == person_id:
        tx.execute(update(models.push_subscriptions).where(_subscriptions.id == found.id).values(**values))
        return int(found.id)
    if found is not None:
        remove(tx, [found.id])
    newest = select(_subscriptions.id).where(_subscriptions.person_id == person_id)
    own = list(tx.execute(newest.order_by(_subscriptions.renewed_at.desc())).scalars())
    remove(tx, own[MAX_SUBSCRIPTIONS - 1 :])
    new_id = ids.new()
    named = {"id": new_id, "person_id": person_id, "digest": digest, "endpoint": given.endpoint, "created_at": now}
    tx.execute(insert(models.push_subscriptions).values(**named, **values, retry_at=0, failures=0))
    return new_id


def unsubscribe(tx: Connection, person_id: int, subscription_id: int) -> None:
    """Delete one of this user. Raises NotFound, and Unauthenticated if the account is deleted or suspended."""
    people.lock_present(tx, person_id)
    this = (_subscriptions.id == subscription_id) & (_subscriptions.person_id == person_id)
    if tx.execute(select(_subscriptions.id).where(this)).one_or_none() is None:
        raise NotFound("not_found", "There is no such subscription.")
    remove(tx, [subscription_id])


def end_session(tx: Connection, session_id: int) -> None:
    """Delete those of a session that has ended."""
    remove(tx, list(tx.execute(select(_subscriptions.id).where(_subscriptions.session_id == session_id)).scalars()))


def remove(tx: Connection, subscription_ids: Collection[int]) -> None:
    """Delete these, and what waits for them."""
    if subscription_ids:
        tx.execute(delete(models.push_subscriptions).where(_subscriptions.id.in_(subscription_ids)))
        tx.execute(delete(models.web_pushes).where(models.web_pushes.c.subscription_id.in_(subscription_ids)))


def remove_some_of(tx: Connection, person_id: int, chunk: int) -> bool:
    """Delete some of a user whose account is deleted. Returns whether there may be more."""
    mine = select(_subscriptions.id).where(_subscriptions.person_id == person_id).limit(chunk)
    found = list(tx.execute(mine).scalars())
    remove(tx, found)
    return len(found) == chunk


def delete_expired(tx: Connection, limit: int = 200) -> bool:
    """Delete some that no browser has renewed. Returns whether there may be more."""
    old = select(_subscriptions.id).where(_subscriptions.renewed_at < clock.now() - RETENTION_MS).limit(limit)
    found = list(tx.execute(old).scalars())
    remove(tx, found)
    return len(found) == limit
