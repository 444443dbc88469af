"""Cars by telematics: consent, tokens, states and acts between the store and the makers' clouds."""
