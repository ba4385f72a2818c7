"""The same work done by this engine and by what a user would write instead, side by side: `make bench`."""
