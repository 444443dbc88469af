"""Base load of circuits, sites and PV some 36 hours ahead, as quantiles, from late and incomplete measurements."""
