"""The places and carriers that a channel knows, and which of them a shop's words mean. Pure: nothing here asks anybody."""

from etl.geography.atlas import Atlas, NoLists, decision_fault
from etl.geography.lists import CARGOS, LISTS, ChannelLists, ListedRow, lists_bytes, read_lists
from etl.geography.matching import Gazetteer, KnownPlace, Match
from etl.geography.names import LEVELS, fold
from etl.geography.proposing import NearNames, propose
from etl.geography.resolving import AddressCells, Note, ToldPlaces, Trouble, entry_key

__all__ = [
    "CARGOS",
    "LEVELS",
    "LISTS",
    "AddressCells",
    "Atlas",
    "ChannelLists",
    "Gazetteer",
    "KnownPlace",
    "ListedRow",
    "Match",
    "NearNames",
    "NoLists",
    "Note",
    "ToldPlaces",
    "Trouble",
    "decision_fault",
    "entry_key",
    "fold",
    "lists_bytes",
    "propose",
    "read_lists",
]
