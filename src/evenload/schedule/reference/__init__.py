"""Slow and obvious: what fast code is tested against."""
