"""Web Push: the key of this application, and the browsers that get notifications."""

from fastapi import APIRouter
from starlette.responses import Response

from shared import ids
from shared.ids import Id
from shared.problem_details import documented
from shared.web import responses
from shared.web.authentication import CurrentUser
from shared.web.request_body import StrictRoute

from ..actions import push_subscriptions
from . import push_schemas as schemas
from .dependencies import Deps

router = APIRouter(prefix="/api/v1/push", tags=["notifications"], route_class=StrictRoute)


@router.get("/key", response_model=schemas.PushKey, summary="The key with which a browser subscribes")
def get_key(deps: Deps) -> Response:
    """The `applicationServerKey` for `PushManager.subscribe`. Subscriptions made with another key get nothing."""
    return responses.ok({"key": deps.push.key.public_key})


@router.post(
    "/subscriptions",
    status_code=201,
    response_model=schemas.PushSubscription,
    summary="Get notifications by Web Push",
    responses=documented(400, 401, 413, 415, 422),
)
def subscribe(body: schemas.NewPushSubscription, identity: CurrentUser, deps: Deps) -> Response:
    """What `PushSubscription.toJSON()` gives. The same again renews it. A browser renews it at each visit: it ends 30
    days after the last time, and with the session.

    The browser of another account gets notifications of this one instead. At most 20 browsers: the one that was renewed
    longest ago is replaced. 422 `invalid_subscription`.
    """
    given = body.subscription(allow_local=deps.push.allows_local)
    me = identity.subject
    made = deps.database.write(push_subscriptions.subscribe, me, identity.session_id, given)
    location = f"/api/v1/push/subscriptions/{ids.encode(made)}"
    return responses.to_response(responses.created({"id": ids.encode(made)}, location))


@router.delete(
    "/subscriptions/{subscription_id}",
    status_code=204,
    summary="Get no more notifications by Web Push",
    responses=documented(401, 404),
)
def unsubscribe(subscription_id: Id, identity: CurrentUser, deps: Deps) -> Response:
    """In this browser."""
    deps.database.write(push_subscriptions.unsubscribe, identity.subject, subscription_id)
    return responses.empty()
