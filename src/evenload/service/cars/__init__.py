"""Cars by telematics: who linked which car, what it told, what it was asked, and where its data came from over time."""
