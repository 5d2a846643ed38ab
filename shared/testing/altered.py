"""Tokens and cursors with one other character.

A test that only writes a fixed character over one of a random text leaves the text as it is once in 64 times.
"""


def altered(text: str, index: int) -> str:
    """`text` with another character of base64 at `index`, which may count from the end."""
    start, end = text[:index], text[index:]
    return f"{start}{'B' if end[0] == 'A' else 'A'}{end[1:]}"
