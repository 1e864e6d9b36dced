// What openai's JavaScript client can do with this API, and what it must be told that it cannot.
// Prints a line of JSON for each check, as _checks.py does.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { isDeepStrictEqual } from "node:util";

const require = createRequire(`${process.argv[2]}/`);
const OpenAI = require("openai").OpenAI;
const version = JSON.parse(readFileSync(`${process.argv[2]}/node_modules/openai/package.json`, "utf8")).version;
const { PIXIGPT_API_KEY: apiKey, PIXIGPT_BASE_URL: baseURL, DEFAULT_ASSISTANT_ID: assistant } = process.env;

const client = new OpenAI({ apiKey, baseURL, maxRetries: 0 });
const CONVERSATION = [{ role: "system", content: "Be brief." }, { role: "user", content: "Hello!" }];
const TOOL = {
  type: "function",
  function: {
    name: "now",
    parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
  },
};
const chat = async (messages, options = {}, requestOptions = {}) =>
  (await client.chat.completions.create({ model: "pixi", messages, ...options }, requestOptions)).choices[0];

function same(found, wanted) {
  if (!isDeepStrictEqual(found, wanted)) {
    throw new Error(`${JSON.stringify(found)} instead of ${JSON.stringify(wanted)}`);
  }
}

async function errorOf(kind, call) {
  let found;
  try {
    found = await call();
  } catch (error) {
    if (error instanceof kind) return error;
    throw error;
  }
  throw new Error(`${JSON.stringify(found)} instead of ${kind.name}`);
}

async function all(pages) {
  const found = [];
  for await (const item of pages) found.push(item);
  return found;
}

const CHECKS = {
  "with maxRetries, 503 twice, then a response": async () => {
    const patient = new OpenAI({ apiKey, baseURL, maxRetries: 2 });
    same((await patient.beta.assistants.list()).data[0].name, "Pixi");
  },
  "chat.completions.create": async () => {
    const choice = await chat(CONVERSATION);
    same([choice.message.content, choice.finish_reason], ["You said: Hello!", "stop"]);
  },
  "chat.completions.create, with assistant_id": async () => {
    same((await chat([CONVERSATION[1]], { assistant_id: assistant })).message.content, "You said: Hello!");
  },
  "chat.completions.create, with tools, and their result sent back": async () => {
    const { message, finish_reason } = await chat(CONVERSATION, { tools: [TOOL], tool_choice: "auto" });
    const call = message.tool_calls[0];
    same([finish_reason, call.function.name, call.function.arguments], ["tool_calls", "now", '{"city": "text"}']);
    const result = { role: "tool", tool_call_id: call.id, content: "Noon." };
    const final = await chat([...CONVERSATION, message, result], { tools: [TOOL] });
    same(final.message.content, "The tool answered: Noon.");
  },
  "chat.completions.create, with stream: text and usage": async () => {
    const given = { model: "pixi", messages: CONVERSATION, stream: true, stream_options: { include_usage: true } };
    const chunks = await all(await client.chat.completions.create(given));
    const text = chunks.map((chunk) => chunk.choices[0]?.delta.content ?? "").join("");
    same([text, chunks.at(-1).usage.total_tokens, chunks.at(-1).choices], ["You said: Hello!", 12, []]);
  },
  "chat.completions.stream, which merges chunks itself, with tools": async () => {
    const stream = client.chat.completions.stream({ model: "pixi", messages: CONVERSATION, tools: [TOOL] });
    const { message, finish_reason } = (await stream.finalChatCompletion()).choices[0];
    const call = message.tool_calls[0];
    same([finish_reason, call.function.name, call.function.arguments], ["tool_calls", "now", '{"city": "text"}']);
  },
  "chat.completions.runTools": async () => {
    const tool = { ...TOOL, function: { ...TOOL.function, parse: JSON.parse, function: () => "Noon." } };
    const runner = client.chat.completions.runTools({ model: "pixi", messages: CONVERSATION, tools: [tool] });
    same(await runner.finalContent(), "The tool answered: Noon.");
  },
  "embeddings.create, in base64 by default, in numbers on demand": async () => {
    const input = ["A cat purrs.", "A dog barks."];
    const packed = (await client.embeddings.create({ model: "pixi", input })).data;
    const plain = (await client.embeddings.create({ model: "pixi", input, encoding_format: "float" })).data;
    same(packed.map((each) => each.embedding.length), [1024, 1024]);
    const near = packed.every((each, i) => each.embedding.every((x, j) => Math.abs(x - plain[i].embedding[j]) < 1e-6));
    same([near, plain[0].embedding.some((x) => x !== 0)], [true, true]);
  },
  "beta.threads.create with messages, messages.list in pages": async () => {
    const messages = ["One.", "Two.", "Three."].map((content) => ({ role: "user", content }));
    const thread = await client.beta.threads.create({ messages, metadata: { topic: "numbers" } });
    same(thread.metadata, { topic: "numbers" });
    const listed = await all(client.beta.threads.messages.list(thread.id, { limit: 2 }));
    same(listed.map((each) => each.content[0].text.value), ["Three.", "Two.", "One."]);
  },
  "beta.assistants.create, list in pages, delete": async () => {
    const made = [];
    for (const name of ["Ada", "Bea", "Eve"]) {
      made.push((await client.beta.assistants.create({ model: "pixi", name, instructions: "Count." })).id);
    }
    const listed = (await all(client.beta.assistants.list({ limit: 2 }))).map((each) => each.id);
    same(made.every((id) => listed.filter((each) => each === id).length === 1), true);
    for (const id of made) await client.beta.assistants.delete(id);
    same((await all(client.beta.assistants.list())).map((each) => each.id), [assistant]);
  },
  "beta.threads.runs.createAndPoll": async () => {
    const thread = await client.beta.threads.create({ messages: [CONVERSATION[1]] });
    const given = { assistant_id: assistant };
    const run = await client.beta.threads.runs.createAndPoll(thread.id, given, { pollIntervalMs: 50 });
    same([run.status, run.message.content[0].text.value], ["completed", "You said: Hello!"]);
  },
  "BadRequestError that names what the server does not implement": async () => {
    const refused = {
      response_format: { type: "json_object" },
      tool_choice: "required",
      n: 2,
    };
    for (const [name, value] of Object.entries(refused)) {
      const error = await errorOf(OpenAI.BadRequestError, () => chat(CONVERSATION, { tools: [TOOL], [name]: value }));
      same(error.message.includes(`${name}: the local server does not implement`), true);
    }
    const given = { model: "pixi", input: "A cat.", dimensions: 8 };
    const error = await errorOf(OpenAI.BadRequestError, () => client.embeddings.create(given));
    same(error.message.includes("dimensions: "), true);
  },
  "AuthenticationError, 401": async () => {
    const stranger = new OpenAI({ apiKey: "wrong", baseURL, maxRetries: 0 });
    await errorOf(OpenAI.AuthenticationError, () => stranger.beta.assistants.list());
  },
  "NotFoundError, 404": async () => {
    const error = await errorOf(OpenAI.NotFoundError, () => client.beta.threads.retrieve("none"));
    same([error.code, error.requestID.startsWith("req_")], ["not_found", true]);
  },
  "RateLimitError, 429": async () => {
    await errorOf(OpenAI.RateLimitError, () => client.beta.threads.retrieve("busy"));
  },
};

for (const [call, check] of Object.entries(CHECKS)) {
  let difference = "";
  try {
    await check();
  } catch (error) {
    difference = String(error);
  }
  console.log(JSON.stringify({ client: `openai (npm) ${version}`, call, difference }));
}
