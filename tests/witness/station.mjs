// A charging station on the npm package `ocpp-rpc` in its strict mode, which holds every message of either side against
// the package's own copy of the schemas. It lives one charging session, does what it is asked meanwhile, ends the
// session when it is told to stop, leaves when it is told to restart, and prints what it saw as one JSON object.
//
//   node station.mjs MODULES ENDPOINT IDENTITY PASSWORD ocpp1.6|ocpp2.0.1

import { createRequire } from "node:module";
import { Life16 } from "./life16.mjs";
import { Life201 } from "./life201.mjs";

const [modules, endpoint, identity, password, version] = process.argv.slice(2);
const { RPCClient } = createRequire(`${modules}/`)("ocpp-rpc");

const seen = { sent: [], asked: [], answers: {}, strict: [], bad: [], refused: [] };
const client = new RPCClient({
  endpoint, identity, password, protocols: [version], strictMode: true, reconnect: false, callTimeoutMs: 10_000,
});

client.on("strictValidationFailure", ({ method, error, outbound, isCall }) => {
  seen.strict.push({ method, outbound, isCall, error: error.message });
});
client.on("badMessage", ({ buffer, error }) => seen.bad.push({ text: String(buffer), error: error.message }));

/** Call the server and keep its answer; what it refuses is kept too and ends nothing. */
async function say(action, payload) {
  seen.sent.push(action);
  try {
    return (seen.answers[action] = await client.call(action, payload));
  } catch (error) {
    seen.refused.push({ action, error: error.message });
    return undefined;
  }
}

const life = version === "ocpp1.6" ? new Life16(say) : new Life201(say);

client.handle(({ method, params }) => {
  seen.asked.push({ action: method, payload: params });
  const [answer, then] = life.take(method, params);
  if (then) setTimeout(then, 20); // once the answer is out
  return answer;
});

const left = new Promise((resolve) => {
  client.on("close", resolve);
  client.on("disconnect", resolve);
});

await client.connect();
life.restarts = () => client.close();
await life.begin();
await left;
console.log(JSON.stringify(seen));
process.exit(0);
