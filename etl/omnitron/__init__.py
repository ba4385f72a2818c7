"""Omnitron's migration API over HTTP: log in, start a migration, follow it."""
