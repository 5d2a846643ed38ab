"""The authorization of every route, in one table.

Each route has four expected statuses: without a token; with a bad one (expired, forged, of a deleted user, of an ended
session); for another user who is signed in; for the owner of the resource. Another user gets 403 where the resource is
public, and 404 where its existence is private. A route that is missing here fails the build.
"""

from dataclasses import dataclass

LINES = """
POST /auth/signup                               201 201 201 201
POST /auth/login                                200 200 200 200
POST /auth/refresh                              200 200 200 200
POST /auth/logout                               401 401 204 204
GET /auth/sessions                              401 401 200 200
DELETE /auth/sessions                           401 401 204 204
DELETE /auth/sessions/{id}                      401 401 404 204
GET /auth/events                                401 401 200 200
GET /users                                      200 200 200 200
GET /users/me                                   401 401 200 200
PATCH /users/me                                 401 401 200 200
PUT /users/me/avatar                            401 401 200 200
DELETE /users/me/avatar                         401 401 200 200
POST /users/me/deletion                         401 401 202 202
GET /users/by-nickname/{nickname}               200 200 200 200
GET /users/{id}                                 200 200 200 200
GET /avatars/{name}                             200 200 200 200
PUT /users/{id}/follow                          401 401 200 200
DELETE /users/{id}/follow                       401 401 200 200
GET /users/{id}/followers                       200 200 200 200
GET /users/{id}/following                       200 200 200 200
GET /users/{id}/counts                          200 200 200 200
GET /relations                                  401 401 200 200
POST /media                                     401 401 201 201
GET /media/{name}                               200 200 200 200
POST /posts                                     401 401 422 201
GET /posts                                      200 401 200 200
GET /posts/{id}                                 200 401 200 200
PATCH /posts/{id}                               401 401 403 200
DELETE /posts/{id}                              401 401 403 204
GET /users/{id}/posts                           200 401 200 200
GET /feed                                       401 401 200 200
PUT /posts/{id}/like                            401 401 200 200
DELETE /posts/{id}/like                         401 401 200 200
GET /posts/{id}/likes                           200 200 200 200
POST /posts/{id}/comments                       401 401 201 201
GET /posts/{id}/comments                        200 200 200 200
GET /comments/{id}/replies                      200 200 200 200
PATCH /comments/{id}                            401 401 403 200
DELETE /comments/{id}                           401 401 403 204
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
GET /ws                                         401 401 426 426
"""


@dataclass(frozen=True)
class Expected:
    """One line of it."""

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
        """Whether nothing is given without one."""
        return self.nobody == 401


def _expected(line: str) -> Expected:
    method, path, *statuses = line.split()
    return Expected(method, path, *map(int, statuses))


TABLE = [_expected(line) for line in LINES.strip().splitlines()]
