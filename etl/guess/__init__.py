"""What an old shop is, told by its tables and their columns. Pure: knows no file and no database."""

from etl.guess.shops import SHOPS, WITHOUT_TABLES, Recognised, Shop, recognise

__all__ = ["SHOPS", "WITHOUT_TABLES", "Recognised", "Shop", "recognise"]
