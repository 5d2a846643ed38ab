// What somebody writes on openapi-fetch with the types that openapi-typescript made: BASE_URL PICTURE.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import createClient from "openapi-fetch";
import type { components, paths } from "./schema.js";

const [baseUrl = "", picture = ""] = process.argv.slice(2);
const client = createClient<paths>({ baseUrl });
const password = randomBytes(9).toString("base64url");

function expected<T>(answer: { data?: T; error?: components["schemas"]["Problem"]; response: Response }): T {
  if (answer.data === undefined) throw new Error(`${answer.response.status} ${answer.error?.code}`);
  return answer.data;
}

async function signedUp(): Promise<components["schemas"]["Account"]> {
  const nickname = `g${randomBytes(8).toString("hex")}`;
  const body = { email: `${nickname}@example.org`, name: "Ada", nickname, password };
  return expected(await client.POST("/api/v1/auth/signup", { body }));
}

// A message is narrowed by its type, in an answer as in a request.
function shown(message: components["schemas"]["Message"]): string {
  switch (message.type) {
    case "text":
      return message.text;
    case "image":
      return message.image.url;
    case "post":
      return message.post_id;
  }
}

const [ada, bob] = [await signedUp(), await signedUp()];
const wrong = await client.POST("/api/v1/auth/login", { body: { identifier: ada.nickname, password: "wrong" } });
assert.equal(wrong.error?.code, "invalid_credentials");
const tokens = expected(await client.POST("/api/v1/auth/login", { body: { identifier: ada.nickname, password } }));
client.use({
  onRequest({ request }) {
    request.headers.set("Authorization", `${tokens.token_type} ${tokens.access_token}`);
    return request;
  },
});

const form = new FormData();
form.set("file", new Blob([await readFile(picture)], { type: "image/jpeg" }), "photo.jpg");
form.set("alt", "A dot");
// The types have no word for bytes: the form is handed over by the serializer.
const media = expected(await client.POST("/api/v1/media", { body: { file: "" }, bodySerializer: () => form }));
const post = expected(
  await client.POST("/api/v1/posts", {
    params: { header: { "Idempotency-Key": randomBytes(8).toString("hex") } },
    body: { media_ids: [media.id], caption: "Made by a generator" },
  }),
);
assert.equal(expected(await client.GET("/api/v1/feed", { params: { query: { limit: 1 } } })).items[0]?.id, post.id);
const path = { post_id: post.id };
assert.equal(expected(await client.PUT("/api/v1/posts/{post_id}/like", { params: { path } })).like_count, 1);
const comment = { params: { path }, body: { text: "Lovely light" } };
assert.equal(expected(await client.POST("/api/v1/posts/{post_id}/comments", comment)).post_id, post.id);

const room = expected(await client.POST("/api/v1/rooms", { body: { user_id: bob.id } }));
const here = { path: { room_id: room.id } };
const messages = "/api/v1/rooms/{room_id}/messages";
const said = expected(await client.POST(messages, { params: here, body: { type: "text", text: "Hello" } }));
assert.equal(shown(said), "Hello");
const shared = { type: "post", post_id: post.id, reply_to: said.id } as const;
expected(await client.POST(messages, { params: here, body: shared }));
const found = expected(await client.GET(messages, { params: here })).items;
assert.deepEqual(found.map(shown), [post.id, "Hello"]);
console.log("done");
