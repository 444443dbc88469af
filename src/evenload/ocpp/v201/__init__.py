"""OCPP 2.0.1."""

from evenload.ocpp.v201.dialect import OCPP201

__all__ = ["OCPP201"]
