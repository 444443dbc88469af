"""Drivers: what they wish for in advance, choose for a while, are promised, told and shown."""
