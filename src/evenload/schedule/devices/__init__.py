"""Devices that know only some powers: rounding, dwell and budgets of commands, and their audit."""
