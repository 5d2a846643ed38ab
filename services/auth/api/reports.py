"""Reporting something, and what moderators do about reports."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from shared import ids
from shared.errors import Invalid, NotFound
from shared.ids import Id
from shared.problem_details import documented
from shared.web import pagination, responses
from shared.web.authentication import CurrentUser
from shared.web.request_body import StrictRoute

from .. import moderation_queries, people_queries, queries
from ..actions import report_decisions, reports
from ..report_queries import report_json
from . import moderation_schemas as bodies
from .dependencies import Dependencies, Deps
from .moderation import require_moderator
from .reauthentication import current_account

router = APIRouter(prefix="/api/v1", tags=["moderation"], route_class=StrictRoute)


@router.post(
    "/reports",
    status_code=201,
    response_model=bodies.Report,
    summary="Report something to the moderators",
    responses={
        **documented(400, 401, 404, 413, 415, 422, 429),
        200: {"model": bodies.Report, "description": "Reported before"},
    },
)
async def report(body: bodies.NewReport, identity: CurrentUser, deps: Deps) -> Response:
    """A post, a comment, a user or a message of another user that one can see. The moderators see what the reporter
    sees of it now. Again for the same: 200 with the first report.

    404 if one cannot see it; 422 `cannot_report_self`; 429 `too_many_reports` after 20 in 24 hours.
    """
    await run_in_threadpool(current_account, deps, identity)
    given = body.subject
    before = await run_in_threadpool(deps.database.read, reports.existing, identity.subject, given.kind, given.id)
    if before is not None:
        return responses.ok(report_json(before))
    content = await _content(deps, identity.subject, body)
    owner_id = ids.parse(content.pop("owner_id"))
    subject = reports.Subject(given.kind, given.id, owner_id, content)
    row, is_new = await run_in_threadpool(
        deps.database.write, reports.report, identity.subject, subject, body.reason, body.note
    )
    if not is_new:
        return responses.ok(report_json(row))
    location = f"/api/v1/moderation/reports/{ids.encode(row.id)}"
    return responses.to_response(responses.created(report_json(row), location))


@router.get(
    "/moderation/reports",
    response_model=bodies.ModeratedReports,
    summary="Reports",
    responses=documented(400, 401, 403, 422),
)
def list_reports(
    request: Request,
    page: pagination.PageQuery,
    identity: CurrentUser,
    deps: Deps,
    state: Annotated[bodies.ReportState, Query(description="Only those in this state")] = "open",
) -> Response:
    """For moderators. Newest first."""
    require_moderator(deps, identity)
    return pagination.page_response(request, deps.database.read(moderation_queries.reports, state, page))


@router.put(
    "/moderation/reports/{report_id}",
    response_model=bodies.ModeratedReport,
    summary="Take, release or resolve a report",
    responses=documented(400, 401, 403, 404, 409, 413, 415, 422),
)
def change_report(report_id: Id, body: bodies.ReportChange, identity: CurrentUser, deps: Deps) -> Response:
    """For moderators. `taken`: no other moderator can resolve it; `open`: releases it. `resolved`: `remove_content`
    removes the post, comment or message, `suspend` suspends its owner, who is told so by mail.

    409 `report_taken`, `report_resolved`: another moderator was faster. 403 `cannot_moderate_self`; `role_required`
    also for the suspension of somebody of one's own role. 422 `not_removable`, `not_resolved`.
    """
    require_moderator(deps, identity)
    if body.state != reports.RESOLVED and (body.action != report_decisions.NONE or body.message is not None):
        raise Invalid.field("action", "not_resolved", "Only a report that is resolved has an action and a message.")

    def change(tx: Connection) -> dict[str, Any]:
        if body.state == reports.TAKEN:
            row = report_decisions.take(tx, identity.subject, report_id)
        elif body.state == reports.OPEN:
            row = report_decisions.release(tx, identity.subject, report_id)
        else:
            row = report_decisions.resolve(tx, identity.subject, report_id, body.action, body.message)
        return moderation_queries.report(tx, row)

    return responses.ok(deps.database.write(change))


async def _content(deps: Dependencies, viewer: int, body: bodies.NewReport) -> dict[str, Any]:
    """The content and the `owner_id` of what is reported, as this viewer sees it. Raises NotFound, Unavailable."""
    kind, subject_id = body.subject.kind, body.subject.id
    if kind == "user":
        found = await run_in_threadpool(deps.database.read, _profile, subject_id, viewer)
    else:
        before = bodies.MAX_MESSAGES - 1 if body.include_previous else 0
        found = await deps.content.read(kind, subject_id, viewer, before)
    if found is None:
        raise NotFound("not_found", "There is nothing here.")
    return found


def _profile(connection: Connection, account_id: int, viewer: int) -> dict[str, Any] | None:
    account = people_queries.shown_account(connection, queries.account(connection, account_id), viewer)
    if account is None:
        return None
    return {"owner_id": ids.encode(account.id), "text": account.bio, "post_id": None, "messages": []}
