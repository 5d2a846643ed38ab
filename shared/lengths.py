"""The maximum lengths of texts that several services need, in characters (Unicode code points)."""

import json
from collections.abc import Mapping
from pathlib import Path

MAX_LENGTHS: Mapping[str, int] = json.loads((Path(__file__).parent / "contracts" / "lengths.json").read_bytes())
"""By the kind of text."""
