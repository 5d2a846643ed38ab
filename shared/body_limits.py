"""Limits of request bodies, and their content encoding: the same in the gateway and in each service."""

MAX_JSON_BYTES = 64 * 1024
"""Bytes. The longest accepted text is shorter, even with every character escaped."""
MAX_UPLOAD_BYTES = 20 * 1024 * 1024 + 64 * 1024
"""Bytes of a whole multipart body: the largest accepted file, and its form fields."""

NO_CONTENT_CODING = "The body must not have a content encoding."
"""No process decodes any (RFC 9110, section 8.4)."""
