// The profiles a station holds, in amperes on three phases, and what they mean together: of each kind the one on the
// highest level, a transaction's before the default, and the station's limit above all.

const EVSES = [1, 2];
const UNLIMITED = 32;

export class Schedules {
  constructor() {
    this.held = new Map();
  }

  /** Keep a profile; `schedule` is its only schedule. */
  keep(evse, id, { chargingProfilePurpose: purpose, stackLevel: level }, schedule) {
    const start = Date.parse(schedule.startSchedule);
    const end = schedule.duration === undefined ? Infinity : start + 1000 * schedule.duration;
    this.held.set(id, { evse, purpose, level, start, end, periods: schedule.chargingSchedulePeriod });
  }

  forget(id) {
    return this.held.delete(id);
  }

  limit(evse, instant, ...purposes) {
    for (const purpose of purposes) {
      const matching = [...this.held.values()]
        .filter((one) => one.purpose === purpose && one.evse === evse && one.start <= instant && instant < one.end)
        .sort((a, b) => b.level - a.level);
      if (matching.length) {
        const [{ start, periods }] = matching;
        return periods.findLast((one) => start + 1000 * one.startPeriod <= instant).limit;
      }
    }
    return UNLIMITED;
  }

  allowed(evse, instant) {
    const own = (id) => this.limit(id, instant, "TxProfile", "TxDefaultProfile");
    const sum = evse ? own(evse) : EVSES.reduce((total, id) => total + own(id), 0);
    return Math.min(sum, this.limit(0, instant, "ChargePointMaxProfile", "ChargingStationMaxProfile"));
  }

  /** The periods of the next `duration` seconds: of every whole one the lower of what holds at its two ends. */
  composite(evse, duration) {
    const now = Date.now();
    const periods = [];
    for (let startPeriod = 0; startPeriod < duration; startPeriod += 1) {
      const instant = now + 1000 * startPeriod;
      const limit = Math.min(this.allowed(evse, instant), this.allowed(evse, instant + 999));
      if (periods.at(-1)?.limit !== limit) periods.push({ startPeriod, limit, numberPhases: 3 });
    }
    return periods;
  }
}
