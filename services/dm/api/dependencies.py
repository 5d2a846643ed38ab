"""The dependencies of the routes; app.py creates them."""

from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends, Request

from shared.database.engine import Database
from shared.events.bus import Publisher
from shared.files.storage import Storage
from shared.idempotency import Idempotency
from shared.images import ImageProcessor
from shared.replication.source import WithKnownRecords
from shared.web.fast_path import FastPathReader

from ..clients import Posts, Social
from ..signed_urls import UrlSigner
from ..socket_notifier import SocketNotifier


@dataclass(frozen=True, slots=True)
class Dependencies:
    database: Database
    idempotency: Idempotency
    with_known_users: WithKnownRecords
    social: Social
    posts: Posts
    url_signer: UrlSigner
    storage: Storage
    image_processor: ImageProcessor
    notifier: SocketNotifier
    publisher: Publisher


async def _dependencies(request: Request) -> Dependencies:
    return cast("Dependencies", request.app.state.dependencies)


Deps = Annotated[Dependencies, Depends(_dependencies), FastPathReader(_dependencies)]
