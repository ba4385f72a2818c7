"""Declarative ETL from a legacy shop to Akinon Omnitron."""

__version__ = "0.1.0"
