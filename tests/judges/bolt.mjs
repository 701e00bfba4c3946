// An app on the official Node framework: commands, clicks, a modal, mentions; it says "ready" once it is connected.
import bolt from "@slack/bolt";

const app = new bolt.App({
  socketMode: true,
  token: process.env.SLACK_BOT_TOKEN,
  appToken: process.env.SLACK_APP_TOKEN,
  clientOptions: { slackApiUrl: process.env.SLACK_API_URL },
  logLevel: "error",
});

const plain = (text) => ({ type: "plain_text", text });
const button = (action_id, label) => ({ type: "button", action_id, text: plain(label), value: "7" });
const form = {
  type: "modal",
  callback_id: "form",
  title: plain("Release"),
  submit: plain("Plan"),
  blocks: [
    {
      type: "input",
      block_id: "service",
      label: plain("Service"),
      element: { type: "external_select", action_id: "service", min_query_length: 0 },
    },
  ],
};

app.command("/release", async ({ ack, command, respond, client }) => {
  if (command.text === "silence") return;
  await ack();
  await respond({ text: `planning ${command.text}`, response_type: "ephemeral" });
  if (command.text === "status") return;
  await client.chat.postMessage({
    channel: command.channel_id,
    text: "the card",
    blocks: [{ type: "actions", elements: [button("go", "Go"), button("form", "Form")] }],
    metadata: { event_type: "judge", event_payload: { entry: 1 } },
  });
});

app.action("go", async ({ ack, body, client, respond }) => {
  await ack();
  await client.chat.update({ channel: body.channel.id, ts: body.message.ts, text: "it went" });
  await respond({ text: `value ${body.actions[0].value}`, replace_original: false });
});

app.action("form", async ({ ack, body, client }) => {
  await ack();
  await client.views.open({ trigger_id: body.trigger_id, view: form });
});

app.options("service", async ({ ack, payload }) => {
  await ack({ options: [{ text: plain(payload.value), value: payload.value }] });
});

app.view("form", async ({ ack, view }) => {
  const chosen = view.state.values.service.service.selected_option.value;
  await ack(chosen === "k8sdemo" ? {} : { response_action: "errors", errors: { service: "none of that name" } });
});

app.event("app_mention", async ({ event, say }) => {
  await say({ text: `heard ${event.text}`, thread_ts: event.ts });
});

await app.start();
console.log("ready");
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));
