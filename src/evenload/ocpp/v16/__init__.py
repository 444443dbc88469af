"""OCPP 1.6J with the messages of the security whitepaper."""

from evenload.ocpp.v16.dialect import OCPP16

__all__ = ["OCPP16"]
