/** Calls of the API, one function for each route that the client uses. */

import { exchange } from "./http.js";
import { authorized } from "./session.js";

/**
 * @param {string} method @param {string} path @param {import("./http.js").RequestOptions} [options]
 * @returns {Promise<any>}
 */
const ask = (method, path, options) => authorized((token) => exchange(method, path, { ...options, token }));

/** @param {string} id */
const safe = (id) => encodeURIComponent(id);

/**
 * @template T
 * @param {string} path @param {string | null} [cursor] @param {Record<string, any>} [query]
 * @returns {Promise<Page<T>>}
 */
const page = (path, cursor, query) => ask("GET", path, { query: { ...query, cursor } });

// accounts
/** @returns {Promise<SignUpMode>} */
export const signUpMode = () => exchange("GET", "/auth/signup");
/** @param {SignUp} body @returns {Promise<Account>} */
export const signUp = (body) => exchange("POST", "/auth/signup", { body });
/** @param {string} email @returns {Promise<void>} */
export const requestPasswordReset = (email) => exchange("POST", "/auth/password-reset", { body: { email } });
/** @param {string} token @param {string} new_password @returns {Promise<void>} */
export const resetPassword = (token, new_password) => exchange("POST", "/auth/password-reset/confirm", { body: { token, new_password } });
/** @returns {Promise<void>} */
export const sendConfirmation = () => ask("POST", "/auth/email-verification");
/** @param {string} token @returns {Promise<void>} */
export const confirmEmailByLink = (token) => exchange("POST", "/auth/email-verification/confirm", { body: { token } });
/** @param {string} code @returns {Promise<void>} */
export const confirmEmailByCode = (code) => ask("POST", "/auth/email-verification/confirm", { body: { code } });
/** @param {ChangeAccount} body @returns {Promise<Account>} */
export const changeAccount = (body) => ask("PATCH", "/users/me", { body });
/** @returns {Promise<Account>} */
export const removeAvatar = () => ask("DELETE", "/users/me/avatar");
/** @param {Proof} proof @returns {Promise<void>} */
export const withdraw = (proof) => ask("POST", "/users/me/deletion", { body: proof });
/** @param {Proof} proof @returns {Promise<TotpSecret>} */
export const beginTotp = (proof) => ask("POST", "/users/me/totp", { body: proof });
/** @param {string} code @returns {Promise<RecoveryCodes>} */
export const confirmTotp = (code) => ask("PUT", "/users/me/totp", { body: { code } });
/** @param {Proof} proof @returns {Promise<void>} */
export const removeTotp = (proof) => ask("DELETE", "/users/me/totp", { body: proof });
/** @param {string | null} [cursor] @param {number} [limit] @returns {Promise<Page<Passkey>>} */
export const passkeys = (cursor, limit) => page("/auth/passkeys", cursor, { limit });
/** @param {Proof} proof @returns {Promise<any>} options for a new passkey */
export const beginPasskey = (proof) => ask("POST", "/auth/passkeys/registration", { body: proof });
/** @param {string} name @param {any} passkey @returns {Promise<Passkey>} */
export const addPasskey = (name, passkey) => ask("POST", "/auth/passkeys/registration/verify", { body: { name, passkey } });
/** @param {string} id @param {Proof} proof @returns {Promise<void>} */
export const removePasskey = (id, proof) => ask("DELETE", `/auth/passkeys/${safe(id)}`, { body: proof });
/** @returns {Promise<any>} options for a passkey that is used instead of the password */
export const beginReauthentication = () => ask("POST", "/auth/passkeys/reauthentication");
/** @param {string | null} [cursor] @returns {Promise<Page<Identity>>} */
export const identities = (cursor) => page("/users/me/identities", cursor);
/** @param {string} provider @param {string} continuation @param {Proof} proof @returns {Promise<Identity>} */
export const linkIdentity = (provider, continuation, proof) => ask("PUT", `/users/me/identities/${safe(provider)}`, { body: { ...proof, continuation } });
/** @param {string} provider @returns {Promise<void>} */
export const unlinkIdentity = (provider) => ask("DELETE", `/users/me/identities/${safe(provider)}`);
/** @returns {Promise<Export>} */
export const beginExport = () => ask("POST", "/users/me/export");
/** @returns {Promise<Export>} */
export const exportState = () => ask("GET", "/users/me/export");
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
/** @param {string} id @param {string | null} [cursor] @param {number} [limit] @returns {Promise<Page<UserRef>>} */
export const following = (id, cursor, limit) => page(`/users/${safe(id)}/following`, cursor, { limit });
/** @param {string[]} ids at most 100 @returns {Promise<{items: Relation[]}>} */
export const relations = (ids) => ask("GET", "/relations", { query: { user_ids: ids.join(",") } });
/** @param {string} id @param {boolean} wanted @returns {Promise<Relation>} */
export const follow = (id, wanted) => ask(wanted ? "PUT" : "DELETE", `/users/${safe(id)}/follow`);
/** @param {string} id @returns {Promise<void>} */
export const removeFollower = (id) => ask("DELETE", `/users/me/followers/${safe(id)}`);
/** @param {"block" | "mute"} kind @param {string} id @param {boolean} wanted @returns {Promise<Relation>} */
export const restrict = (kind, id, wanted) => ask(wanted ? "PUT" : "DELETE", `/users/${safe(id)}/${kind}`);
/** @param {"blocks" | "mutes"} kind @param {string | null} [cursor] @returns {Promise<Page<UserRef>>} */
export const restricted = (kind, cursor) => page(`/users/me/${kind}`, cursor);

// moderation
/** @param {NewReport} body @returns {Promise<SentReport>} */
export const report = (body) => ask("POST", "/reports", { body });
/** @param {SentReport["state"]} state @param {string | null} [cursor] @returns {Promise<Page<ModeratedReport>>} */
export const reports = (state, cursor) => page("/moderation/reports", cursor, { state });
/** @param {string} id @param {ReportChange} body @returns {Promise<ModeratedReport>} */
export const changeReport = (id, body) => ask("PUT", `/moderation/reports/${safe(id)}`, { body });
/** @param {string | null} [cursor] @returns {Promise<Page<InvitationState>>} */
export const invitations = (cursor) => page("/moderation/invitations", cursor);
/** @param {number} uses @param {number} days @returns {Promise<CreatedInvitation>} */
export const invite = (uses, days) => ask("POST", "/moderation/invitations", { body: { uses, days } });
/** @param {string} id @returns {Promise<void>} */
export const revokeInvitation = (id) => ask("DELETE", `/moderation/invitations/${safe(id)}`);
/** @param {"team" | "suspended" | "pending"} state @param {string | null} [cursor] @returns {Promise<Page<ModeratedAccount>>} */
export const moderatedAccounts = (state, cursor) => page("/moderation/users", cursor, { state });
/** @param {string} id @param {Account["role"]} role @returns {Promise<ModeratedAccount>} */
export const setRole = (id, role) => ask("PUT", `/moderation/users/${safe(id)}/role`, { body: { role } });
/** @param {string} id @param {string} reason @returns {Promise<ModeratedAccount>} */
export const suspend = (id, reason) => ask("PUT", `/moderation/users/${safe(id)}/suspension`, { body: { reason } });
/** @param {string} id @returns {Promise<ModeratedAccount>} */
export const reinstate = (id) => ask("DELETE", `/moderation/users/${safe(id)}/suspension`);
/** @param {string | null} [cursor] @returns {Promise<Page<LogEntry>>} */
export const moderationLog = (cursor) => page("/moderation/log", cursor);

// posts
/** @param {string | null} [cursor] @returns {Promise<Page<Post>>} */
export const feed = (cursor) => page("/feed", cursor, { limit: 10 });
/** @param {string | null} [cursor] @returns {Promise<Page<Post>>} */
export const everyonesPosts = (cursor) => page("/posts", cursor, { limit: 30 });
/** @param {string} id @param {string | null} [cursor] @returns {Promise<Page<Post>>} */
export const postsOf = (id, cursor) => page(`/users/${safe(id)}/posts`, cursor, { limit: 30 });
/** @param {string} id @returns {Promise<Post>} */
export const post = (id) => ask("GET", `/posts/${safe(id)}`);
/** @param {string[]} media_ids @param {string} caption @param {string} key @returns {Promise<Post>} */
export const publish = (media_ids, caption, key) => ask("POST", "/posts", { body: { media_ids, caption }, key });
/** @param {string} id @param {{caption?: string, media_ids?: string[]}} body @returns {Promise<Post>} */
export const changePost = (id, body) => ask("PATCH", `/posts/${safe(id)}`, { body });
/** @param {string} id @param {string | null} alt @returns {Promise<Media>} */
export const describePhoto = (id, alt) => ask("PATCH", `/media/${safe(id)}`, { body: { alt } });
/** @param {string} id @returns {Promise<void>} */
export const deletePost = (id) => ask("DELETE", `/posts/${safe(id)}`);
/** @param {string} id @param {boolean} wanted @returns {Promise<Like>} */
export const like = (id, wanted) => ask(wanted ? "PUT" : "DELETE", `/posts/${safe(id)}/like`);
/** @param {string} id @param {string | null} [cursor] @returns {Promise<Page<UserRef>>} */
export const likes = (id, cursor) => page(`/posts/${safe(id)}/likes`, cursor);
/** @param {string} id @param {boolean} wanted @returns {Promise<Save>} */
export const save = (id, wanted) => ask(wanted ? "PUT" : "DELETE", `/posts/${safe(id)}/save`);
/** @param {string | null} [cursor] @returns {Promise<Page<Post>>} */
export const savedPosts = (cursor) => page("/users/me/saved", cursor, { limit: 30 });
/** @param {string} tag @param {string | null} [cursor] @returns {Promise<Page<Post>>} */
export const postsOfTag = (tag, cursor) => page(`/tags/${safe(tag)}/posts`, cursor, { limit: 30 });
/** @param {string} id @param {boolean} wanted @returns {Promise<CommentLike>} */
export const likeComment = (id, wanted) => ask(wanted ? "PUT" : "DELETE", `/comments/${safe(id)}/like`);
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
/** @returns {Promise<any>} the limits of the server */
export const limits = () => ask("GET", "/limits");

// conversations
/** @param {string | null} [cursor] @returns {Promise<Page<Room>>} */
export const rooms = (cursor) => page("/rooms", cursor, { limit: 50 });
/** @param {string} id @returns {Promise<Room>} */
export const room = (id) => ask("GET", `/rooms/${safe(id)}`);
/** @param {string} user_id @returns {Promise<Room>} */
export const openRoom = (user_id) => ask("POST", "/rooms", { body: { user_id } });
/** @param {string} id @param {string | null} cursor @param {string | null} up_to the newest that is wanted @returns {Promise<Page<Message>>} newest first */
export const messages = (id, cursor, up_to) => page(`/rooms/${safe(id)}/messages`, cursor, { up_to, limit: 50 });
/** @param {string} id @param {string} message_id @returns {Promise<Message>} */
export const message = (id, message_id) => ask("GET", `/rooms/${safe(id)}/messages/${safe(message_id)}`);
/** @param {string} id @param {string} since @param {string | null} [cursor] @returns {Promise<Page<Message>>} oldest first */
export const messagesSince = (id, since, cursor) =>
  page(`/rooms/${safe(id)}/messages`, cursor, { since, limit: 100 });
/** @param {string} id @param {NewMessage} body @param {string} key @returns {Promise<Message>} */
export const send = (id, body, key) => ask("POST", `/rooms/${safe(id)}/messages`, { body, key });
/** @param {string} query @param {string | null} cursor @param {AbortSignal} signal @returns {Promise<Page<Message>>} newest first; a page may be empty before the last */
export const searchMessages = (query, cursor, signal) => ask("GET", "/messages", { query: { query, cursor }, signal });
/** @param {string | null} [cursor] @returns {Promise<Page<Room>>} */
export const roomRequests = (cursor) => page("/rooms", cursor, { state: "request", limit: 100 });
/** @param {string} id @param {boolean} wanted @returns {Promise<Room>} nothing if it was declined */
export const acceptRoom = (id, wanted) => ask(wanted ? "PUT" : "DELETE", `/rooms/${safe(id)}/acceptance`);
/** @returns {Promise<MessageSettings>} */
export const messageSettings = () => ask("GET", "/users/me/message-settings");
/** @param {MessageSettings} body @returns {Promise<MessageSettings>} */
export const changeMessageSettings = (body) => ask("PUT", "/users/me/message-settings", { body });
/** @param {string} id @param {boolean} muted @returns {Promise<Room>} */
export const muteRoom = (id, muted) => ask(muted ? "PUT" : "DELETE", `/rooms/${safe(id)}/mute`);
/** @param {string} id */
export const hideRoom = (id) => ask("PUT", `/rooms/${safe(id)}/hidden`);
/** @param {string} id @param {string} message_id @returns {Promise<Room>} */
export const markRead = (id, message_id) => ask("PUT", `/rooms/${safe(id)}/read`, { body: { message_id } });

// notifications
/** @param {string | null} [cursor] @returns {Promise<Page<AppNotification>>} last changed first */
export const notifications = (cursor) => page("/notifications", cursor);
/** @returns {Promise<{count: number}>} */
export const unreadNotifications = () => ask("GET", "/notifications/unread");
/** @param {string} up_to @returns {Promise<void>} */
export const markNotificationsRead = (up_to) => ask("PUT", "/notifications/read", { body: { up_to } });
/** @returns {Promise<NotificationSettings>} */
export const notificationSettings = () => ask("GET", "/users/me/notification-settings");
/** @param {Partial<NotificationSettings>} body @returns {Promise<NotificationSettings>} */
export const changeNotificationSettings = (body) => ask("PUT", "/users/me/notification-settings", { body });
/** @returns {Promise<{key: string}>} */
export const pushKey = () => exchange("GET", "/push/key");
/** @param {PushSubscriptionJSON} body @returns {Promise<{id: string}>} */
export const pushSubscribe = (body) => ask("POST", "/push/subscriptions", { body });
/** @param {string} id @returns {Promise<void>} */
export const pushUnsubscribe = (id) => ask("DELETE", `/push/subscriptions/${safe(id)}`);
