"""Small steps: what takes one transaction in use takes many in a test, so that it can be stopped between them."""

from dataclasses import replace

from shared.replication.purge import PurgePlan


def with_chunk_size(chunk: int, purge: PurgePlan) -> PurgePlan:
    """The same purge, with at most so many things of each kind in one transaction."""
    return replace(purge, targets=[replace(kind, chunk=chunk) for kind in purge.targets])
