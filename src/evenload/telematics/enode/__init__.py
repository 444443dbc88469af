"""Enode: one token for the application, link sessions for drivers, asynchronous actions, signed webhooks."""

from evenload.telematics.enode.cloud import Enode

__all__ = ["Enode"]
