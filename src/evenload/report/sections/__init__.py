"""The parts of the report: each turns frozen frames into charts, rows and sentences for one template."""
