"""Authentication of the baseline: PyJWT with a fixed key."""

from typing import Annotated

import jwt
from fastapi import Depends, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from bench.baseline.settings import settings

KEY = settings.key()
bearer = HTTPBearer(auto_error=False)


async def current_user_id(credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]) -> int:
    """The user of the token; 401 without a valid one."""
    if credentials is None:
        raise HTTPException(401, "Not authenticated")
    try:
        claims = jwt.decode(
            credentials.credentials,
            KEY,
            algorithms=["EdDSA"],
            issuer=settings.token_issuer,
            audience=settings.token_audience,
            options={"require": ["exp", "iat", "sub"]},
        )
        return int(claims["sub"], 16)
    except (jwt.PyJWTError, ValueError) as problem:
        raise HTTPException(401, "Invalid token") from problem


CurrentUserId = Annotated[int, Depends(current_user_id)]
