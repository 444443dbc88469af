"""Smartcar: one token for the application (v3) or one for each driver (v2), signals, commands, signed webhooks."""

from evenload.telematics.smartcar.cloud import Smartcar

__all__ = ["Smartcar"]
