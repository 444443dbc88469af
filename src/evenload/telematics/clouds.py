"""Every shape of car cloud that is spoken."""

from collections.abc import Mapping
from typing import Final

from evenload.domain.vehicle_state import Provider
from evenload.telematics.enode import Enode
from evenload.telematics.port import Cloud
from evenload.telematics.smartcar import Smartcar
from evenload.telematics.tesla import Tesla

CLOUDS: Final[Mapping[Provider, Cloud]] = {
    Provider.SMARTCAR: Smartcar(),
    Provider.ENODE: Enode(),
    Provider.TESLA: Tesla(),
}
"""The adapter of each; plug-in loggers have none, their files are imported."""
