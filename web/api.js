/** Everything that the client asks of the interface, one function for each route that it uses. */

import { Problem, exchange } from "./http.js";
import { authorized } from "./session.js";

const PATIENCE_SECONDS = 5;

/**
 * @param {string} method @param {string} path
 * @param {{query?: Record<string, any>, body?: unknown, key?: string, signal?: AbortSignal}} [options]
 * @returns {Promise<any>}
 */
async function ask(method, path, options) {
  const once = () => authorized((token) => exchange(method, path, { ...options, token }));
  try {
    return await once();
  } catch (error) {
    if (method !== "GET" || !(error instanceof Problem) || !worthWaitingFor(error)) throw error;
    await new Promise((resolve) => setTimeout(resolve, Math.max(1, error.retryAfter) * 1000));
    return once();
  }
}

/** @param {Problem} problem a busy server that says when it will not be */
const worthWaitingFor = ({ status, retryAfter }) =>
  (status === 503 || status === 429) && retryAfter > 0 && retryAfter <= PATIENCE_SECONDS;

/** @param {string} id */
const safe = (id) => encodeURIComponent(id);

/**
 * @template T
 * @param {string} path @param {string | null} [cursor] @param {Record<string, any>} [query]
 * @returns {Promise<Page<T>>}
 */
const page = (path, cursor, query) => ask("GET", path, { query: { ...query, cursor } });

// accounts
/** @param {SignUp} body @returns {Promise<Account>} */
export const signUp = (body) => exchange("POST", "/auth/signup", { body });
/** @param {ChangeAccount} body @returns {Promise<Account>} */
export const changeAccount = (body) => ask("PATCH", "/users/me", { body });
/** @returns {Promise<Account>} */
export const removeAvatar = () => ask("DELETE", "/users/me/avatar");
/** @param {string} current_password @returns {Promise<void>} */
export const withdraw = (current_password) => ask("POST", "/users/me/deletion", { body: { current_password } });
/** @param {string | null} [cursor] @returns {Promise<Page<Session>>} */
export const sessions = (cursor) => page("/auth/sessions", cursor);
/** @param {string} id @returns {Promise<void>} */
export const endSession = (id) => ask("DELETE", `/auth/sessions/${safe(id)}`);
/** @returns {Promise<void>} */
export const endOtherSessions = () => ask("DELETE", "/auth/sessions");
/** @param {string | null} [cursor] @returns {Promise<Page<AccountEvent>>} */
export const accountEvents = (cursor) => page("/auth/events", cursor);

// people
/** @param {string} nickname @returns {Promise<Profile>} */
export const profile = (nickname) => ask("GET", `/users/by-nickname/${safe(nickname)}`);
/** @param {string} query @param {string | null} [cursor] @param {AbortSignal} [signal] @returns {Promise<Page<Profile>>} */
export const people = (query, cursor, signal) => ask("GET", "/users", { query: { query, cursor }, signal });
/** @param {string} id @returns {Promise<Counts>} */
export const counts = (id) => ask("GET", `/users/${safe(id)}/counts`);
/** @param {string} id @param {string | null} [cursor] @returns {Promise<Page<UserRef>>} */
export const followers = (id, cursor) => page(`/users/${safe(id)}/followers`, cursor);
/** @param {string} id @param {string | null} [cursor] @returns {Promise<Page<UserRef>>} */
export const following = (id, cursor) => page(`/users/${safe(id)}/following`, cursor);
/** @param {string[]} ids at most 100 @returns {Promise<{items: Relation[]}>} */
export const relations = (ids) => ask("GET", "/relations", { query: { user_ids: ids.join(",") } });
/** @param {string} id @param {boolean} wanted @returns {Promise<Relation>} */
export const follow = (id, wanted) => ask(wanted ? "PUT" : "DELETE", `/users/${safe(id)}/follow`);

// posts
/** @param {string | null} [cursor] @returns {Promise<Page<Post>>} */
export const feed = (cursor) => page("/feed", cursor, { limit: 10 });
/** @param {string | null} [cursor] @returns {Promise<Page<Post>>} */
export const everyonesPosts = (cursor) => page("/posts", cursor, { limit: 30 });
/** @param {string} id @param {string | null} [cursor] @returns {Promise<Page<Post>>} */
export const postsOf = (id, cursor) => page(`/users/${safe(id)}/posts`, cursor, { limit: 30 });
/** @param {string[]} ids at most 100; those that are gone are left out @returns {Promise<{items: Post[]}>} */
export const postsByIds = (ids) => ask("GET", "/posts", { query: { ids: ids.join(",") } });
/** @param {string} id @returns {Promise<Post>} */
export const post = (id) => ask("GET", `/posts/${safe(id)}`);
/** @param {string[]} media_ids @param {string} caption @param {string} key @returns {Promise<Post>} */
export const publish = (media_ids, caption, key) => ask("POST", "/posts", { body: { media_ids, caption }, key });
/** @param {string} id @param {{caption?: string, media_ids?: string[]}} body @returns {Promise<Post>} */
export const changePost = (id, body) => ask("PATCH", `/posts/${safe(id)}`, { body });
/** @param {string} id @returns {Promise<void>} */
export const deletePost = (id) => ask("DELETE", `/posts/${safe(id)}`);
/** @param {string} id @param {boolean} wanted @returns {Promise<Like>} */
export const like = (id, wanted) => ask(wanted ? "PUT" : "DELETE", `/posts/${safe(id)}/like`);
/** @param {string} id @param {string | null} [cursor] @returns {Promise<Page<UserRef>>} */
export const likes = (id, cursor) => page(`/posts/${safe(id)}/likes`, cursor);
/** @param {string} id @param {string | null} [cursor] @returns {Promise<Page<PostComment>>} */
export const comments = (id, cursor) => page(`/posts/${safe(id)}/comments`, cursor);
/** @param {string} id @param {string | null} [cursor] @returns {Promise<Page<PostComment>>} */
export const replies = (id, cursor) => page(`/comments/${safe(id)}/replies`, cursor);
/** @param {string} id @param {{text: string, parent_id?: string | null}} body @param {string} key @returns {Promise<PostComment>} */
export const comment = (id, body, key) => ask("POST", `/posts/${safe(id)}/comments`, { body, key });
/** @param {string} id @param {string} text @returns {Promise<PostComment>} */
export const changeComment = (id, text) => ask("PATCH", `/comments/${safe(id)}`, { body: { text } });
/** @param {string} id @returns {Promise<void>} */
export const deleteComment = (id) => ask("DELETE", `/comments/${safe(id)}`);
/** @returns {Promise<any>} what the server takes, told before it is sent */
export const limits = () => ask("GET", "/limits");

// conversations
/** @param {string | null} [cursor] @returns {Promise<Page<Room>>} */
export const rooms = (cursor) => page("/rooms", cursor, { limit: 50 });
/** @param {string} id @returns {Promise<Room>} */
export const room = (id) => ask("GET", `/rooms/${safe(id)}`);
/** @param {string} user_id @returns {Promise<Room>} */
export const openRoom = (user_id) => ask("POST", "/rooms", { body: { user_id } });
/** @param {string} id @param {string | null} [cursor] @returns {Promise<Page<Message>>} newest first */
export const messages = (id, cursor) => page(`/rooms/${safe(id)}/messages`, cursor, { limit: 50 });
/** @param {string} id @param {string} since @param {string | null} [cursor] @returns {Promise<Page<Message>>} oldest first */
export const messagesSince = (id, since, cursor) =>
  page(`/rooms/${safe(id)}/messages`, cursor, { since, limit: 100 });
/** @param {string} id @param {NewMessage} body @param {string} key @returns {Promise<Message>} */
export const send = (id, body, key) => ask("POST", `/rooms/${safe(id)}/messages`, { body, key });
/** @param {string} id @param {string} message_id @returns {Promise<Room>} */
export const markRead = (id, message_id) => ask("PUT", `/rooms/${safe(id)}/read`, { body: { message_id } });
