"""Bar charts in SVG."""

from collections.abc import Mapping
from xml.sax.saxutils import escape

WIDTH, LEFT, RIGHT, LINE = 820, 250, 120, 34
COLOURS = ("#2f6f9f", "#c8553d", "#6b7f3a", "#8a6fae", "#b28b2e", "#4f5d75")


def figure(value: float) -> str:
    """Three significant digits, or all before the decimal point."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def bars(title: str, values: Mapping[str, float], unit: str) -> str:
    """One bar for each value; the longest has the full width."""
    longest = max(values.values(), default=0.0) or 1.0
    room = WIDTH - LEFT - RIGHT
    height = 60 + LINE * len(values)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}"'
        ' font-family="sans-serif" font-size="14">',
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="16" y="30" font-weight="bold">{escape(title)}</text>',
    ]
    for place, (name, value) in enumerate(values.items()):
        top = 50 + LINE * place
        width = max(1.0, room * value / longest)
        colour = COLOURS[place % len(COLOURS)]
        parts += [
            f'<text x="{LEFT - 10}" y="{top + 17}" text-anchor="end">{escape(name)}</text>',
            f'<rect x="{LEFT}" y="{top}" width="{width:.1f}" height="24" rx="3" fill="{colour}"/>',
            f'<text x="{LEFT + width + 8:.1f}" y="{top + 17}">{figure(value)} {escape(unit)}</text>',
        ]
    return "\n".join([*parts, "</svg>", ""])
