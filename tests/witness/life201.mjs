// What a station of OCPP 2.0.1 says and answers.

import { Schedules } from "./schedules.mjs";

const now = () => new Date().toISOString();
const evse = { id: 1, connectorId: 1 };
const token = { idToken: "TAG", type: "ISO14443" };
const variables = (rows, more) =>
  rows.map(({ component, variable }) => ({ component, variable, attributeStatus: "Accepted", ...more }));

export class Life201 {
  constructor(say) {
    this.say = say;
    this.restarts = () => {};
    this.energy = 1000;
    this.schedules = new Schedules();
    this.number = 0;
  }

  async begin() {
    await this.say("BootNotification", {
      reason: "PowerUp", chargingStation: { vendorName: "Witness", model: "Node", firmwareVersion: "1" },
    });
    await this.say("Heartbeat", {});
    await this.state("Available", 2);
    await this.state("Occupied");
    await this.say("Authorize", { idToken: token });
    await this.event("Started", "Authorized", { idToken: token }, { chargingState: "EVConnected" }, "Transaction.Begin");
    await this.say("DataTransfer", { vendorId: "witness", data: { hello: [1, "two"] } });
    await this.say("FirmwareStatusNotification", { status: "Idle" });
    await this.say("SecurityEventNotification", { type: "StartupOfTheDevice", timestamp: now() });
    await this.say("NotifyChargingLimit", { evseId: 2, chargingLimit: { chargingLimitSource: "EMS" } });
    await this.say("ClearedChargingLimit", { chargingLimitSource: "EMS", evseId: 2 });
    await this.event("Updated", "ChargingStateChanged", {}, { chargingState: "Charging" });
    await this.meter();
  }

  state(connectorStatus, evseId = 1) {
    return this.say("StatusNotification", { timestamp: now(), connectorStatus, evseId, connectorId: 1 });
  }

  event(eventType, triggerReason, more = {}, info = {}, context = "Sample.Periodic") {
    return this.say("TransactionEvent", {
      eventType, timestamp: now(), triggerReason, seqNo: this.number++, evse,
      transactionInfo: { transactionId: "witness-1", ...info }, meterValue: [this.values(context)], ...more,
    });
  }

  values(context = "Sample.Periodic") {
    const kilowatts = { unit: "W", multiplier: 3 };
    const sampled = (value, measurand, more) => ({ value, measurand, context, ...more });
    const phase = (name) => sampled(10.1, "Current.Import", { phase: name });
    return {
      timestamp: now(),
      sampledValue: [
        sampled((this.energy += 50), "Energy.Active.Import.Register"),
        sampled(7.0, "Power.Active.Import", { unitOfMeasure: kilowatts }),
        phase("L1"), phase("L2"), phase("L3"),
      ],
    };
  }

  meter() {
    return this.say("MeterValues", { evseId: 1, meterValue: [this.values("Sample.Clock")] });
  }

  async stop() {
    await this.event("Ended", "RemoteStop", {}, { stoppedReason: "Remote" }, "Transaction.End");
    await this.state("Available");
  }

  /** The answer to a call, and what follows it. */
  take(action, payload) {
    const accepted = { status: "Accepted" };
    switch (action) {
      case "SetChargingProfile":
        return [this.keep(payload)];
      case "ClearChargingProfile":
        return [this.schedules.forget(payload.chargingProfileId) ? accepted : { status: "Unknown" }];
      case "GetCompositeSchedule": return [this.composite(payload)];
      case "GetVariables": return [{ getVariableResult: variables(payload.getVariableData, { attributeValue: "8" }) }];
      case "SetVariables": return [{ setVariableResult: variables(payload.setVariableData) }];
      case "GetLocalListVersion": return [{ versionNumber: 3 }];
      case "GetTransactionStatus": return [{ ongoingIndicator: true, messagesInQueue: false }];
      case "GetChargingProfiles": return [accepted, () => this.report(payload.requestId)];
      case "UnlockConnector": return [{ status: "Unlocked" }];
      case "RequestStopTransaction": return [accepted, () => this.stop()];
      case "Reset": return [accepted, () => this.restarts()];
      case "TriggerMessage": return [accepted, () => this.triggered(payload.requestedMessage)];
      default: return [accepted];
    }
  }

  keep({ evseId, chargingProfile }) {
    this.schedules.keep(evseId, chargingProfile.id, chargingProfile, chargingProfile.chargingSchedule[0]);
    return { status: "Accepted" };
  }

  triggered(wanted) {
    if (wanted === "MeterValues") return this.meter();
    if (wanted === "SignChargingStationCertificate") return this.say("SignCertificate", { csr: "CSR" });
    return this.say(wanted, {});
  }

  report(requestId) {
    const periods = [{ startPeriod: 0, limit: 32 }];
    const schedule = { id: 1, startSchedule: now(), chargingRateUnit: "A", chargingSchedulePeriod: periods };
    const profile = {
      id: -1, stackLevel: 0, chargingProfilePurpose: "ChargingStationExternalConstraints",
      chargingProfileKind: "Absolute", chargingSchedule: [schedule],
    };
    return this.say("ReportChargingProfiles", {
      requestId, chargingLimitSource: "EMS", evseId: 0, chargingProfile: [profile],
    });
  }

  composite({ evseId, duration }) {
    const chargingSchedulePeriod = this.schedules.composite(evseId, duration);
    return {
      status: "Accepted",
      schedule: { evseId, duration, scheduleStart: now(), chargingRateUnit: "A", chargingSchedulePeriod },
    };
  }
}
