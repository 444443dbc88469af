"""Facts about stations of some makes. None was tried here, and any can be gone with a newer firmware.

Restated from the documentation and templates of two open-source projects, both under the MIT licence; ``source`` names
the file. The order matters where two facts are about one habit: the later one counts.
"""

from typing import Final

from evenload.ocpp.quirks import WATTS, Quirk

_EVCC: Final = "evcc-io/evcc: templates/definition/charger/"
_LBBRHZN: Final = "lbbrhzn/ocpp: docs/"

QUIRKS: Final[tuple[Quirk, ...]] = (
    Quirk(
        "ABB",
        ("Terra AC",),
        "1.6",
        "accepts only stack level 0 in SetChargingProfile",
        _EVCC + "ocpp-abb-tac.yaml",
        {"abilities": {"stack_level_max": 0}},
    ),
    Quirk(
        "ABB",
        ("Terra AC",),
        "1.6",
        "answers that it accepts every proposed measurand, then reboots when the list is read back; probing "
        "on every boot gives a boot loop",
        _LBBRHZN + "supported-devices.md",
        {
            "probe": False,
            "measurands": (
                "Energy.Active.Import.Register",
                "Power.Active.Import",
                "Current.Import",
                "Voltage",
                "Current.Offered",
            ),
        },
        before="1.8.22",
    ),
    Quirk(
        "Autel",
        ("MaxiCharger AC", "AC Compact"),
        "1.6",
        "does not start a transaction by itself (firmware needs charge control >=V1.51.00, power control >=V1.19.00)",
        _EVCC + "ocpp-autel.yaml",
        {"starts_itself": False},
    ),
    Quirk(
        "Autel",
        ("MaxiCharger AC",),
        "1.6",
        "after a remote stop with the cable still in, the connector stays in Finishing and takes no new "
        "session (firmware V1.38.00)",
        _LBBRHZN + "supported-devices.md",
        {"stop_by_limit": True},
    ),
    Quirk(
        "Autel",
        ("MaxiCharger AC",),
        "1.6",
        "station status (connector 0) can read Available while a car is plugged in; connector status says SuspendedEV",
        _LBBRHZN + "supported-devices.md",
        {"station_status": False},
    ),
    Quirk(
        "Autel",
        ("MaxiCharger AC",),
        "1.6",
        "drops wss:// silently when no CA certificate was loaded into the charger",
        _LBBRHZN + "supported-devices.md",
    ),
    Quirk(
        "Easee",
        ("Home", "Charge", "Charge Lite", "Charge Core"),
        "1.6",
        "meter interval under 30 s not supported; measurands limited to Energy.Active.Import.Register, "
        "Power.Active.Import, Current.Import (firmware >=328 (current control needs beta, tested v9012))",
        _EVCC + "ocpp-easee.yaml",
        {
            "sample_s_min": 30,
            "measurands": (
                "Energy.Active.Import.Register",
                "Power.Active.Import",
                "Current.Import",
            ),
        },
    ),
    Quirk(
        "Easee",
        ("Home", "Charge", "Charge Lite", "Charge Core"),
        "1.6",
        "does not start a transaction by itself",
        _EVCC + "ocpp-easee.yaml",
        {"starts_itself": False},
    ),
    Quirk(
        "EN+",
        ("AC EV Charger",),
        "1.6",
        "ChangeAvailability must not be sent at start-up",
        _EVCC + "ocpp-enplus.yaml",
    ),
    Quirk(
        "EN+",
        ("Caro",),
        "1.6",
        "accepts every measurand, but only Current.Import, Current.Offered, Energy.Active.Import.Register, "
        "Voltage work; Voltage is constant or zero outside a session (firmware 1.0.25.130)",
        _LBBRHZN + "supported-devices.md",
        {
            "measurands": (
                "Energy.Active.Import.Register",
                "Current.Import",
                "Voltage",
                "Current.Offered",
            )
        },
    ),
    Quirk(
        "EN+",
        ("Caro",),
        "1.6",
        "appends its serial number to the configured URL",
        _LBBRHZN + "supported-devices.md",
    ),
    Quirk(
        "Etrel",
        ("Inch Pro",),
        "1.6",
        "transaction ids do not match unless authorisation is central-system-first",
        _LBBRHZN + "supported-devices.md",
    ),
    Quirk(
        "EVBox",
        ("Elvi",),
        "1.6",
        "Current.Offered, Power.Offered and SoC must be left out of MeterValuesSampledData",
        _EVCC + "ocpp-evbox-elvi.yaml",
        {"measurands": ("Energy.Active.Import.Register", "Power.Active.Import", "Current.Import", "Voltage")},
    ),
    Quirk(
        "EVBox",
        ("Elvi",),
        "1.6",
        "with phase rotation configured in the charger, currents are reported on rotated phases",
        _EVCC + "ocpp-evbox-elvi.yaml",
    ),
    Quirk(
        "FoxESS",
        ("A0",),
        "2.0.1",
        "on 2.0.1 rejects valid SetChargingProfile with PropertyConstraintViolation naming the 1.6 field "
        "csChargingProfiles (firmware A022KP1 1.10/1.06)",
        _LBBRHZN + "supported-devices.md",
    ),
    Quirk(
        "FoxESS",
        ("A0",),
        "2.0.1",
        "RequestStartTransaction within minutes of a stop is accepted, but no power is offered and the "
        "station then drops offline (firmware A022KP1 1.10/1.06)",
        _LBBRHZN + "supported-devices.md",
        {"restart_wait_s": 300},
    ),
    Quirk(
        "FoxESS",
        ("A0",),
        "2.0.1",
        "TxUpdatedMeasurands is only Energy.Active.Import.Register by default",
        _LBBRHZN + "supported-devices.md",
    ),
    Quirk(
        "FoxESS",
        ("A0",),
        "2.0.1",
        "connectorStatus goes Available at transaction end with the cable still plugged in",
        _LBBRHZN + "supported-devices.md",
        {"status_tells_cable": False},
    ),
    Quirk(
        "FoxESS",
        ("A0",),
        "2.0.1",
        'with protocol "auto" sends 1.6-shaped messages over a negotiated ocpp2.0.1 connection',
        _LBBRHZN + "supported-devices.md",
    ),
    Quirk(
        "FoxESS",
        ("A0",),
        "",
        "after a drop may stay silent 6 to 19+ minutes before redialling; a refused handshake is retried "
        "about every 10 s",
        _LBBRHZN + "supported-devices.md",
        {"silence_s": 1200},
    ),
    Quirk(
        "Huawei",
        ("SCharger-7KS-S0", "SCharger-22KT-S0"),
        "1.6",
        "takes limits in watts",
        _EVCC + "ocpp-huawei.yaml",
        {"abilities": WATTS},
    ),
    Quirk(
        "Mennekes",
        ("AMTRON 4You", "AMTRON 4Business"),
        "1.6",
        "first connection can take up to 15 minutes",
        _EVCC + "ocpp-mennekes-4you.yaml",
        {"silence_s": 900},
    ),
    Quirk(
        "Mennekes",
        ("eMobility Gateway", "Smart", "Smart T"),
        "1.6",
        "meter interval 60 s",
        _EVCC + "ocpp-mennekes-acu.yaml",
        {"sample_s_min": 60},
    ),
    Quirk(
        "Morek",
        ("Smart AC",),
        "1.6",
        "ClockAlignedDataInterval is read-only (firmware >=A0-MEV-V2.0.9)",
        _LBBRHZN + "supported-devices.md",
        {"set_aligned": False},
    ),
    Quirk(
        "Ocular",
        ("LTE Plus v3",),
        "1.6",
        "sends the closing meter reading after StopTransaction (firmware 448.3251.0Q03197)",
        _LBBRHZN + "supported-devices.md",
    ),
    Quirk(
        "Ocular",
        ("LTE Plus v3",),
        "1.6",
        "after a remote stop stays in Finishing until unplugged and rejects remote start (firmware 448.3251.0Q03197)",
        _LBBRHZN + "supported-devices.md",
        {"stop_by_limit": True},
    ),
    Quirk(
        "Ocular",
        ("LTE Plus v3",),
        "1.6",
        "returns a corrupted id tag, truncates configuration values, now and then sends a malformed "
        "connection request (firmware 448.3251.0Q03197)",
        _LBBRHZN + "supported-devices.md",
    ),
    Quirk(
        "Rolec",
        ("EVO ROLEC5011",),
        "1.6",
        "maximum current set in the installer app caps what OCPP can set (firmware 1.2.7)",
        _LBBRHZN + "supported-devices.md",
    ),
    Quirk(
        "SyncEV",
        ("Compact EVCP",),
        "1.6",
        "no unsolicited meter values (firmware 1.6.3)",
        _LBBRHZN + "supported-devices.md",
        {"ask_meter": True},
    ),
    Quirk(
        "SyncEV",
        ("Compact EVCP",),
        "1.6",
        "heartbeat interval is taken only when it differs from the stored value",
        _LBBRHZN + "supported-devices.md",
        {"set_heartbeat": True},
    ),
    Quirk(
        "Teison",
        ("Smart MINI",),
        "1.6",
        "does not reconnect by itself after losing the link",
        _LBBRHZN + "supported-devices.md",
    ),
    Quirk(
        "Teison",
        ("Smart MINI",),
        "1.6",
        "accepts every measurand; only Current.Import, Energy.Active.Import.Register, Power.Active.Import, "
        "Temperature, Voltage work",
        _LBBRHZN + "supported-devices.md",
        {"measurands": ("Energy.Active.Import.Register", "Power.Active.Import", "Current.Import", "Voltage")},
    ),
    Quirk(
        "United Chargers",
        ("Grizzl-E Mini Connect 2024", "Grizzl-E Ultimate"),
        "1.6",
        "accepts but does not apply ChargePointMaxProfile (firmware 03.09.0)",
        _LBBRHZN + "supported-devices.md",
        {"abilities": {"station_max": False}},
    ),
    Quirk(
        "United Chargers",
        ("Grizzl-E",),
        "1.6",
        "answers some requests with invalid JSON and reboots repeatedly (firmware 5.x)",
        _LBBRHZN + "user-guide.md",
        {"probe": False},
    ),
    Quirk(
        "United Chargers",
        ("Grizzl-E",),
        "1.6",
        "set current reverts to the DIP-switch value at reboot (firmware 5.633)",
        _LBBRHZN + "user-guide.md",
    ),
    Quirk(
        "Wallbox",
        ("Pulsar Plus", "Pulsar Max", "Commander 2", "Copper SB"),
        "1.6",
        "needs chargingProfileKind Relative",
        _EVCC + "ocpp-wallbox.yaml",
        {"abilities": {"relative": True}},
        before="5",
    ),
    Quirk(
        "Wallbox",
        ("Pulsar Plus", "Pulsar Max", "Commander 2", "Copper SB"),
        "1.6",
        "needs stack level 0 and a remote start",
        _EVCC + "ocpp-wallbox-fw5.yaml",
        {"abilities": {"stack_level_max": 0}, "starts_itself": False},
        since="5",
    ),
    Quirk(
        "Wallbox",
        ("Pulsar Plus", "Pulsar Max", "Commander 2", "Copper SB"),
        "1.6",
        "meter values can be missing or incomplete; connection can be unstable",
        _EVCC + "ocpp-wallbox.yaml",
    ),
)
