"""OCPP 2.0.1: transactions. Made by tools/ocpp_structs.py. Do not edit."""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta, field

from evenload.ocpp.v201.wire.datatypes import EVSE, IdToken, IdTokenInfo, MessageContent, MeterValue
from evenload.ocpp.wire import Extensible, Timestamp

String36 = Annotated[str, Meta(max_length=36)]


class ChargingStateEnum(StrEnum):
    """The values of ChargingStateEnumType (OCPP 2.0.1)."""

    CHARGING = "Charging"
    EV_CONNECTED = "EVConnected"
    IDLE = "Idle"
    SUSPENDED_EV = "SuspendedEV"
    SUSPENDED_EVSE = "SuspendedEVSE"


class ReasonEnum(StrEnum):
    """The values of ReasonEnumType (OCPP 2.0.1)."""

    DE_AUTHORIZED = "DeAuthorized"
    EV_DISCONNECTED = "EVDisconnected"
    EMERGENCY_STOP = "EmergencyStop"
    ENERGY_LIMIT_REACHED = "EnergyLimitReached"
    GROUND_FAULT = "GroundFault"
    IMMEDIATE_RESET = "ImmediateReset"
    LOCAL = "Local"
    LOCAL_OUT_OF_CREDIT = "LocalOutOfCredit"
    MASTER_PASS = "MasterPass"  # noqa: S105
    OTHER = "Other"
    OVERCURRENT_FAULT = "OvercurrentFault"
    POWER_LOSS = "PowerLoss"
    POWER_QUALITY = "PowerQuality"
    REBOOT = "Reboot"
    REMOTE = "Remote"
    SOC_LIMIT_REACHED = "SOCLimitReached"
    STOPPED_BY_EV = "StoppedByEV"
    TIME_LIMIT_REACHED = "TimeLimitReached"
    TIMEOUT = "Timeout"


class TransactionEventEnum(StrEnum):
    """The values of TransactionEventEnumType (OCPP 2.0.1)."""

    ENDED = "Ended"
    STARTED = "Started"
    UPDATED = "Updated"


class TriggerReasonEnum(StrEnum):
    """The values of TriggerReasonEnumType (OCPP 2.0.1)."""

    ABNORMAL_CONDITION = "AbnormalCondition"
    AUTHORIZED = "Authorized"
    CABLE_PLUGGED_IN = "CablePluggedIn"
    CHARGING_RATE_CHANGED = "ChargingRateChanged"
    CHARGING_STATE_CHANGED = "ChargingStateChanged"
    DEAUTHORIZED = "Deauthorized"
    EV_COMMUNICATION_LOST = "EVCommunicationLost"
    EV_CONNECT_TIMEOUT = "EVConnectTimeout"
    EV_DEPARTED = "EVDeparted"
    EV_DETECTED = "EVDetected"
    ENERGY_LIMIT_REACHED = "EnergyLimitReached"
    METER_VALUE_CLOCK = "MeterValueClock"
    METER_VALUE_PERIODIC = "MeterValuePeriodic"
    REMOTE_START = "RemoteStart"
    REMOTE_STOP = "RemoteStop"
    RESET_COMMAND = "ResetCommand"
    SIGNED_DATA_RECEIVED = "SignedDataReceived"
    STOP_AUTHORIZED = "StopAuthorized"
    TIME_LIMIT_REACHED = "TimeLimitReached"
    TRIGGER = "Trigger"
    UNLOCK_COMMAND = "UnlockCommand"


class GetTransactionStatusRequest(Extensible, frozen=True, kw_only=True):
    """GetTransactionStatus, the request."""

    transaction_id: String36 | None = field(default=None, name="transactionId")


class GetTransactionStatusResponse(Extensible, frozen=True, kw_only=True):
    """GetTransactionStatus, the response."""

    messages_in_queue: bool = field(name="messagesInQueue")
    ongoing_indicator: bool | None = field(default=None, name="ongoingIndicator")


class Transaction(Extensible, frozen=True, kw_only=True):
    """TransactionType (OCPP 2.0.1)."""

    transaction_id: String36 = field(name="transactionId")
    charging_state: ChargingStateEnum | None = field(default=None, name="chargingState")
    time_spent_charging: int | None = field(default=None, name="timeSpentCharging")
    stopped_reason: ReasonEnum | None = field(default=None, name="stoppedReason")
    remote_start_id: int | None = field(default=None, name="remoteStartId")


class TransactionEventRequest(Extensible, frozen=True, kw_only=True):
    """TransactionEvent, the request."""

    event_type: TransactionEventEnum = field(name="eventType")
    timestamp: Timestamp
    trigger_reason: TriggerReasonEnum = field(name="triggerReason")
    seq_no: int = field(name="seqNo")
    transaction_info: Transaction = field(name="transactionInfo")
    meter_value: Annotated[tuple[MeterValue, ...], Meta(min_length=1)] | None = field(default=None, name="meterValue")
    offline: bool | None = None
    number_of_phases_used: int | None = field(default=None, name="numberOfPhasesUsed")
    cable_max_current: int | None = field(default=None, name="cableMaxCurrent")
    reservation_id: int | None = field(default=None, name="reservationId")
    evse: EVSE | None = None
    id_token: IdToken | None = field(default=None, name="idToken")


class TransactionEventResponse(Extensible, frozen=True, kw_only=True):
    """TransactionEvent, the response."""

    total_cost: float | None = field(default=None, name="totalCost")
    charging_priority: int | None = field(default=None, name="chargingPriority")
    id_token_info: IdTokenInfo | None = field(default=None, name="idTokenInfo")
    updated_personal_message: MessageContent | None = field(default=None, name="updatedPersonalMessage")
