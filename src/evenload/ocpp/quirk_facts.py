from evenload.ocpp.quirks import Quirk

QUIRKS: tuple[Quirk, ...] = ()
