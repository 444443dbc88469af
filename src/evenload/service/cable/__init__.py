"""Both ends of the cable: which car stands at which charger, one session of both, and what is wrong between them."""
