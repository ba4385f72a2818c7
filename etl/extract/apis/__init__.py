"""A shop's own HTTP API: JSON, page after page."""
