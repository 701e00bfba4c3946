// The official Node Socket Mode client alone: acknowledges everything, and tells what came and how it stands.
import { SocketModeClient } from "@slack/socket-mode";

const client = new SocketModeClient({
  appToken: process.env.SLACK_APP_TOKEN,
  clientOptions: { slackApiUrl: process.env.SLACK_API_URL },
  serverPingTimeout: Number(process.env.SERVER_PING_TIMEOUT ?? 30000),
  logLevel: "error",
});
const say = (line) => console.log(JSON.stringify(line));

client.on("slack_event", async ({ ack, type, body, retry_num, accepts_response_payload }) => {
  say({ type, command: body.command ?? null, text: body.text ?? body.event?.text ?? null, retry: retry_num ?? null });
  await ack(accepts_response_payload && type === "slash_commands" ? { text: `pong ${body.text}` } : undefined);
});
for (const state of ["connected", "reconnecting", "disconnected"]) client.on(state, () => say({ state }));

await client.start();
console.log("ready");
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));
