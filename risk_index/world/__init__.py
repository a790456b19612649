"""The synthetic registry with known truth: settings, firms, history, records, tables, writing."""

from risk_index.world.settings import PLANTED, WorldSettings, load_world_settings
from risk_index.world.writing import EVENT_TABLES, WorldError, WorldSummary, write_world

__all__ = [
    "EVENT_TABLES",
    "PLANTED",
    "WorldError",
    "WorldSettings",
    "WorldSummary",
    "load_world_settings",
    "write_world",
]
