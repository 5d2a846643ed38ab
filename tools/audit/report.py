"""The result of one part of the audit."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Report:
    """A line for each finding, and a remark about what was examined."""

    found: list[str] = field(default_factory=list)
    remark: str = ""
