"""The languages in which report and workbook are told."""

DEFAULT = "en"
LANGUAGES = (DEFAULT, "tr")
