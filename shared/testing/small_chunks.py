"""Small chunks: a purge of one transaction takes many in a test, so that it can be interrupted between them."""

from dataclasses import replace

from shared.replication.purge import PurgePlan


def with_chunk_size(chunk: int, purge: PurgePlan) -> PurgePlan:
    """The same purge plan, with this chunk size for each target."""
    return replace(purge, targets=[replace(kind, chunk=chunk) for kind in purge.targets])
