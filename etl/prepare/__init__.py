"""Rows to package: transform, validate, check records against records, write."""
