"""The synthetic registry with known truth, up to a day and season after season."""

from risk_index.world.settings import PLANTED, WorldSettings, load_world_settings
from risk_index.world.steps import World, begin
from risk_index.world.writing import EVENT_TABLES, WorldError, WorldSummary, write_world

__all__ = [
    "EVENT_TABLES",
    "PLANTED",
    "World",
    "WorldError",
    "WorldSettings",
    "WorldSummary",
    "begin",
    "load_world_settings",
    "write_world",
]
