// What a station of OCPP 1.6 says and answers.

import { Schedules } from "./schedules.mjs";

const now = () => new Date().toISOString();
const sample = (value, measurand, unit, more = {}) => ({ value: String(value), measurand, unit, ...more });
const ANSWERS = {
  GetConfiguration: {
    configurationKey: [
      { key: "NumberOfConnectors", readonly: true, value: "2" },
      { key: "ChargeProfileMaxStackLevel", readonly: true, value: "8" },
      { key: "ChargingScheduleAllowedChargingRateUnit", readonly: true, value: "Current,Power" },
    ],
    unknownKey: ["ChargingScheduleMaxPeriods"],
  },
  GetLocalListVersion: { listVersion: 3 },
  UnlockConnector: { status: "Unlocked" },
};

export class Life16 {
  constructor(say) {
    this.say = say;
    this.restarts = () => {};
    this.energy = 1000;
    this.schedules = new Schedules();
  }

  async begin() {
    await this.say("BootNotification", { chargePointVendor: "Witness", chargePointModel: "Node", firmwareVersion: "1" });
    await this.say("Heartbeat", {});
    for (const connectorId of [0, 2]) await this.state("Available", connectorId);
    await this.state("Preparing");
    await this.say("Authorize", { idTag: "TAG" });
    const started = await this.say("StartTransaction", {
      connectorId: 1, idTag: "TAG", meterStart: this.energy, timestamp: now(),
    });
    this.transactionId = started?.transactionId;
    await this.state("Charging");
    await this.say("DataTransfer", { vendorId: "witness", data: "hello" });
    await this.say("DiagnosticsStatusNotification", { status: "Idle" });
    await this.say("FirmwareStatusNotification", { status: "Idle" });
    await this.say("SecurityEventNotification", { type: "StartupOfTheDevice", timestamp: now() });
    await this.meter();
  }

  state(status, connectorId = 1) {
    return this.say("StatusNotification", { connectorId, errorCode: "NoError", status, timestamp: now() });
  }

  values(context = "Sample.Periodic") {
    const phase = (name) => sample(10.1, "Current.Import", "A", { phase: name, context });
    return {
      timestamp: now(),
      sampledValue: [
        sample((this.energy += 50), "Energy.Active.Import.Register", "Wh", { context }),
        sample(7.0, "Power.Active.Import", "kW", { context }),
        phase("L1"), phase("L2"), phase("L3"),
      ],
    };
  }

  meter() {
    return this.say("MeterValues", { connectorId: 1, transactionId: this.transactionId, meterValue: [this.values()] });
  }

  async stop() {
    await this.say("StopTransaction", {
      transactionId: this.transactionId, idTag: "TAG", meterStop: (this.energy += 50), timestamp: now(),
      reason: "Remote", transactionData: [this.values("Transaction.End")],
    });
    await this.state("Finishing");
  }

  /** The answer to a call, and what follows it. */
  take(action, payload) {
    const accepted = { status: "Accepted" };
    if (action === "SetChargingProfile") {
      const profile = payload.csChargingProfiles;
      this.schedules.keep(payload.connectorId, profile.chargingProfileId, profile, profile.chargingSchedule);
    }
    if (action === "ClearChargingProfile") return [this.schedules.forget(payload.id) ? accepted : { status: "Unknown" }];
    if (action === "GetCompositeSchedule") return [this.composite(payload)];
    if (action === "RemoteStopTransaction") return [accepted, () => this.stop()];
    if (action === "Reset") return [accepted, () => this.restarts()];
    if (action === "TriggerMessage") return [accepted, () => this.triggered(payload.requestedMessage)];
    if (action === "ExtendedTriggerMessage") return [accepted, () => this.say("SignCertificate", { csr: "CSR" })];
    return [ANSWERS[action] ?? accepted];
  }

  triggered(wanted) {
    return wanted === "MeterValues" ? this.meter() : this.say(wanted, {});
  }

  composite({ connectorId, duration }) {
    const chargingSchedulePeriod = this.schedules.composite(connectorId, duration);
    return {
      status: "Accepted", connectorId, scheduleStart: now(),
      chargingSchedule: { duration, chargingRateUnit: "A", chargingSchedulePeriod },
    };
  }
}
