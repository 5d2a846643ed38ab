"""The authorization of every route, in one table.

Each route has four expected statuses: without a token; with a bad one (expired, forged, of a deleted user, of an ended
session); for another user who is signed in; for the owner of the resource. Another user gets 403 where the resource is
public, and 404 where its existence is private. A route that is missing here fails the build.

The owner has an export already, and may ask for one a day. Nobody here has a role: that moderators are let in is tested
in services/auth/tests/test_moderation.py.
Tokens of links exist only in messages: without one, these routes answer 422.
"""

from dataclasses import dataclass

LINES = """
POST /auth/signup                               201 201 201 201
POST /auth/login                                200 200 200 200
POST /auth/refresh                              200 200 200 200
POST /auth/logout                               401 401 204 204
POST /auth/email-verification                   401 401 202 202
POST /auth/email-verification/confirm           422 401 422 422
POST /auth/password-reset                       202 202 202 202
POST /auth/password-reset/confirm               422 422 422 422
GET /auth/sessions                              401 401 200 200
DELETE /auth/sessions                           401 401 204 204
DELETE /auth/sessions/{id}                      401 401 404 204
GET /auth/events                                401 401 200 200
POST /auth/passkeys/registration                401 401 200 200
POST /auth/passkeys/registration/verify         401 401 201 201
POST /auth/passkeys/reauthentication            401 401 409 200
POST /auth/passkeys/login                       200 200 200 200
POST /auth/passkeys/login/verify                200 200 200 200
GET /auth/passkeys                              401 401 200 200
DELETE /auth/passkeys/{id}                      401 401 404 204
GET /auth/providers                             200 200 200 200
POST /auth/providers/{id}/start                 200 200 200 200
POST /auth/providers/{id}/finish                200 200 200 200
POST /auth/providers/{id}/sign-up               201 201 201 201
GET /users/me/identities                        401 401 200 200
PUT /users/me/identities/{provider}             401 401 422 200
DELETE /users/me/identities/{provider}          401 401 204 204
GET /users                                      200 401 200 200
GET /users/me                                   401 401 200 200
PATCH /users/me                                 401 401 200 200
PUT /users/me/avatar                            401 401 200 200
DELETE /users/me/avatar                         401 401 200 200
POST /users/me/totp                             401 401 201 201
PUT /users/me/totp                              401 401 200 200
DELETE /users/me/totp                           401 401 204 204
POST /users/me/deletion                         401 401 202 202
POST /users/me/export                           401 401 202 429
GET /users/me/export                            401 401 404 200
GET /exports/{name}                             200 200 200 200
GET /users/by-nickname/{nickname}               200 401 200 200
GET /users/{id}                                 200 401 200 200
GET /avatars/{name}                             200 200 200 200
POST /reports                                   401 401 201 201
GET /moderation/reports                         401 401 403 403
PUT /moderation/reports/{id}                    401 401 403 403
GET /auth/signup                                200 200 200 200
POST /moderation/invitations                    401 401 403 403
GET /moderation/invitations                     401 401 403 403
DELETE /moderation/invitations/{id}             401 401 403 403
GET /moderation/users                           401 401 403 403
PUT /moderation/users/{id}/role                 401 401 403 403
PUT /moderation/users/{id}/suspension           401 401 403 403
DELETE /moderation/users/{id}/suspension        401 401 403 403
GET /moderation/log                             401 401 403 403
PUT /users/{id}/follow                          401 401 200 200
DELETE /users/{id}/follow                       401 401 200 200
DELETE /users/me/followers/{id}                 401 401 204 204
GET /users/{id}/followers                       200 401 200 200
GET /users/{id}/followers/common                401 401 200 200
GET /users/{id}/following                       200 401 200 200
GET /users/{id}/counts                          200 401 200 200
PUT /users/{id}/block                           401 401 200 200
DELETE /users/{id}/block                        401 401 200 200
GET /users/me/blocks                            401 401 200 200
PUT /users/{id}/mute                            401 401 200 200
DELETE /users/{id}/mute                         401 401 200 200
GET /users/me/mutes                             401 401 200 200
GET /relations                                  401 401 200 200
POST /media                                     401 401 201 201
GET /media/{name}                               200 200 200 200
PATCH /media/{name}                             401 401 403 200
POST /posts                                     401 401 422 201
GET /posts                                      200 401 200 200
GET /posts/{id}                                 200 401 200 200
PATCH /posts/{id}                               401 401 403 200
DELETE /posts/{id}                              401 401 403 204
GET /users/{id}/posts                           200 401 200 200
GET /feed                                       401 401 200 200
PUT /posts/{id}/like                            401 401 200 200
DELETE /posts/{id}/like                         401 401 200 200
GET /posts/{id}/likes                           200 401 200 200
PUT /posts/{id}/save                            401 401 200 200
DELETE /posts/{id}/save                         401 401 200 200
GET /users/me/saved                             401 401 200 200
POST /posts/{id}/comments                       401 401 201 201
GET /posts/{id}/comments                        200 401 200 200
GET /comments/{id}/replies                      200 401 200 200
PATCH /comments/{id}                            401 401 403 200
DELETE /comments/{id}                           401 401 403 204
PUT /comments/{id}/like                         401 401 200 200
DELETE /comments/{id}/like                      401 401 200 200
GET /comments/{id}/likes                        200 401 200 200
GET /tags                                       200 200 200 200
GET /tags/{tag}/posts                           200 401 200 200
GET /limits                                     200 200 200 200
POST /rooms                                     401 401 201 200
GET /rooms                                      401 401 200 200
GET /rooms/{id}                                 401 401 404 200
GET /rooms/{id}/messages                        401 401 404 200
POST /rooms/{id}/messages                       401 401 404 201
GET /rooms/{id}/messages/{message_id}           401 401 404 200
POST /rooms/{id}/media                          401 401 404 201
GET /rooms/{id}/media/{media_id}/{rendition}    200 200 200 200
PUT /rooms/{id}/read                            401 401 404 200
PUT /rooms/{id}/acceptance                      401 401 404 200
DELETE /rooms/{id}/acceptance                   401 401 404 409
PUT /rooms/{id}/mute                            401 401 404 200
DELETE /rooms/{id}/mute                         401 401 404 200
PUT /rooms/{id}/hidden                          401 401 404 204
GET /messages                                   401 401 200 200
GET /notifications                              401 401 200 200
GET /notifications/unread                       401 401 200 200
PUT /notifications/read                         401 401 422 204
GET /users/me/notification-settings             401 401 200 200
PUT /users/me/notification-settings             401 401 200 200
GET /push/key                                   200 200 200 200
POST /push/subscriptions                        401 401 201 201
DELETE /push/subscriptions/{id}                 401 401 404 204
GET /users/me/message-settings                  401 401 200 200
PUT /users/me/message-settings                  401 401 200 200
GET /ws                                         401 401 426 426
"""


@dataclass(frozen=True)
class Expected:
    """One row."""

    method: str
    path: str
    nobody: int
    bad_token: int
    other_user: int
    owner: int

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def needs_token(self) -> bool:
        """Whether every request without a token is refused."""
        return self.nobody == 401


def _expected(line: str) -> Expected:
    method, path, *statuses = line.split()
    return Expected(method, path, *map(int, statuses))


TABLE = [_expected(line) for line in LINES.strip().splitlines()]
