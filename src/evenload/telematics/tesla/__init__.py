"""Tesla Fleet API: tokens of each driver, commands by a signing proxy, a telemetry stream instead of polling."""

from evenload.telematics.tesla.cloud import Tesla

__all__ = ["Tesla"]
