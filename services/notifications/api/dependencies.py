"""The dependencies of the routes; app.py creates them."""

from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends, Request

from shared.database.engine import Database
from shared.push.client import PushClient
from shared.replication.source import WithKnownRecords
from shared.web.fast_path import FastPathReader

from ..clients import Posts


@dataclass(frozen=True, slots=True)
class Dependencies:
    database: Database
    with_known_users: WithKnownRecords
    posts: Posts
    push: PushClient


async def _dependencies(request: Request) -> Dependencies:
    return cast("Dependencies", request.app.state.dependencies)


Deps = Annotated[Dependencies, Depends(_dependencies), FastPathReader(_dependencies)]
