"""What one part of the audit has to say."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Report:
    """What was found, a line for each, and what has to be known about how it was looked for."""

    found: list[str] = field(default_factory=list)
    remark: str = ""
