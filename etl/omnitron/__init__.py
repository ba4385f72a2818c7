"""Omnitron's API over HTTP: log in, start a migration, follow it; list its users and its places."""
