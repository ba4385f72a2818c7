"""The old shop's database: one connection, one moment, and rows as CSV text."""
