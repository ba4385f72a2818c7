"""What stands behind backslashes, in a whole piece of a dump at once."""

from __future__ import annotations

from collections.abc import Mapping


def with_meant(values: bytes, meant: Mapping[bytes, bytes]) -> bytes:
    """Each backslash and the byte behind it become what `meant` has for that byte; where it has nothing, the byte itself."""
    # To part at backslashes is quicker than a pattern, which looks at each byte.
    first, *others = values.split(b"\\")
    made, is_text = [first], False
    for piece in others:
        if is_text:  # it stands behind an escaped backslash
            made.append(piece)
            is_text = False
        elif piece:
            letter = piece[:1]
            made += (meant.get(letter, letter), piece[1:])
        else:
            made.append(meant[b"\\"])
            is_text = True
    return b"".join(made)
