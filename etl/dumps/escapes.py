"""What stands behind backslashes, in a whole piece of text at once."""

from __future__ import annotations

from collections.abc import Mapping

ITSELF = {letter: letter for letter in (bytes([byte]) for byte in range(256))}
"""What a byte means in MySQL that has no meaning of its own there."""


def with_meant(values: bytes, meant: Mapping[bytes, bytes]) -> bytes:
    """Each backslash and the byte behind it become what `meant` has for that byte. Raises KeyError where it has nothing."""
    # To part at backslashes is quicker than a pattern, which looks at each byte.
    first, *others = values.split(b"\\")
    made, is_text = [first], False
    for piece in others:
        if is_text:  # it stands behind an escaped backslash
            made.append(piece)
            is_text = False
        elif piece:
            made += (meant[piece[:1]], piece[1:])
        else:
            made.append(meant[b"\\"])
            is_text = True
    return b"".join(made)
