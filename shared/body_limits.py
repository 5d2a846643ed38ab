"""How large a request body may be, and how it may be encoded: the same in the gateway and in each service."""

MAX_JSON_BYTES = 64 * 1024
"""Bytes. The longest text we take, every character escaped, stays below it."""
MAX_UPLOAD_BYTES = 20 * 1024 * 1024 + 64 * 1024
"""Bytes of a whole multipart body: the largest file we take, and the text around it."""

NO_CONTENT_CODING = "The body has to come without a content coding."
"""None is undone anywhere (RFC 9110, section 8.4)."""
