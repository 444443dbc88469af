"""Programs: what is offered to whom, when it may ask, and who is asked."""
