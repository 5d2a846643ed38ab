// What somebody writes on the client that @hey-api/openapi-ts made: BASE_URL PICTURE.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { client } from "./hey/client.gen.js";
import {
  authLogIn,
  authSignUp,
  dmListMessages,
  dmOpenRoom,
  dmSend,
  postsFeed,
  postsLike,
  postsPhoto,
  postsPublish,
  postsUpload,
  postsWriteComment,
} from "./hey/sdk.gen.js";
import type { Account, Message } from "./hey/types.gen.js";

const [baseUrl = "", picture = ""] = process.argv.slice(2);
const password = randomBytes(9).toString("base64url");
client.setConfig({ baseUrl });

async function signedUp(): Promise<Account> {
  const nickname = `g${randomBytes(8).toString("hex")}`;
  const body = { email: `${nickname}@example.org`, name: "Ada", nickname, password };
  return (await authSignUp({ body, throwOnError: true })).data;
}

// A message is narrowed by its type, in an answer as in a request.
function shown(message: Message): string {
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
assert.ok(ada.created_at instanceof Date, "a moment is told as one");
const wrong = await authLogIn({ body: { identifier: ada.nickname, password: "wrong" } });
assert.equal(wrong.error?.code, "invalid_credentials");
const login = await authLogIn({ body: { identifier: ada.nickname, password }, throwOnError: true });
client.setConfig({ auth: login.data.access_token });

const file = new Blob([await readFile(picture)], { type: "image/jpeg" });
const media = await postsUpload({ body: { file, alt: "A dot" }, throwOnError: true });
const post = await postsPublish({
  body: { media_ids: [media.data.id], caption: "Made by a generator" },
  headers: { "Idempotency-Key": randomBytes(8).toString("hex") },
  throwOnError: true,
});
const id = post.data.id;
assert.equal((await postsFeed({ query: { limit: 1 }, throwOnError: true })).data.items[0]?.id, id);
const path = { post_id: id };
assert.equal((await postsLike({ path, throwOnError: true })).data.like_count, 1);
const comment = await postsWriteComment({ path, body: { text: "Lovely light" }, throwOnError: true });
assert.equal(comment.data.post_id, id);
const name = media.data.url.split("/").at(-1) ?? "";
const photo = await postsPhoto({ path: { name }, throwOnError: true });
assert.ok(photo.data instanceof Blob && photo.data.size > 100, "a picture is bytes");

const room = { room_id: (await dmOpenRoom({ body: { user_id: bob.id }, throwOnError: true })).data.id };
const said = await dmSend({ path: room, body: { type: "text", text: "Hello" }, throwOnError: true });
assert.equal(shown(said.data), "Hello");
const shared = { type: "post", post_id: id, reply_to: said.data.id } as const;
await dmSend({ path: room, body: shared, throwOnError: true });
const found = await dmListMessages({ path: room, throwOnError: true });
assert.deepEqual(found.data.items.map(shown), [id, "Hello"]);
console.log("done");
