"""What an old shop is, told by its tables and their columns. Pure: knows no file and no database."""

from etl.guess.shops import (
    SAVED_ANSWERS,
    SHOPS,
    SIGNS_OF_APIS,
    WITHOUT_TABLES,
    Recognised,
    SavedAnswers,
    Shop,
    recognise,
)

__all__ = [
    "SAVED_ANSWERS",
    "SHOPS",
    "SIGNS_OF_APIS",
    "WITHOUT_TABLES",
    "Recognised",
    "SavedAnswers",
    "Shop",
    "recognise",
]
