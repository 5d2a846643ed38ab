"""The URLs of the web client: each returns the page, with the name of the view that it shows first."""

VIEWS = {
    "/": "views/home/home.js",
    "/explore": "views/explore/explore.js",
    "/login": "views/login/login.js",
    "/login/{provider}": "views/provider/provider.js",
    "/signup": "views/signup/signup.js",
    "/forgot-password": "views/forgot-password/forgot-password.js",
    "/reset-password": "views/reset-password/reset-password.js",
    "/confirm-email": "views/confirm-email/confirm-email.js",
    "/saved": "views/saved/saved.js",
    "/tags/{tag}": "views/tag/tag.js",
    "/new": "views/compose/compose.js",
    "/search": "views/search/search.js",
    "/messages": "views/rooms/rooms.js",
    "/messages/requests": "views/requests/requests.js",
    "/messages/{id}": "views/room/room.js",
    "/notifications": "views/notifications/notifications.js",
    "/settings": "views/settings/settings.js",
    "/settings/email": "views/email/email.js",
    "/settings/second-factor": "views/second-factor/second-factor.js",
    "/settings/passkeys": "views/passkeys/passkeys.js",
    "/settings/identities": "views/identities/identities.js",
    "/settings/sessions": "views/sessions/sessions.js",
    "/settings/messages": "views/message-settings/message-settings.js",
    "/settings/blocks": "views/restrictions/restrictions.js",
    "/settings/mutes": "views/restrictions/restrictions.js",
    "/settings/activity": "views/activity/activity.js",
    "/settings/notifications": "views/notification-settings/notification-settings.js",
    "/settings/export": "views/export/export.js",
    "/settings/deletion": "views/deletion/deletion.js",
    "/moderation": "views/moderation/moderation.js",
    "/moderation/people": "views/moderation/people.js",
    "/moderation/invitations": "views/moderation/invitations.js",
    "/moderation/log": "views/moderation/log.js",
    "/p/{id}": "views/post/post.js",
    "/p/{id}/likes": "views/people/people.js",
    "/p/{id}/edit": "views/edit/edit.js",
    "/@{nickname}": "views/profile/profile.js",
    "/@{nickname}/followers": "views/people/people.js",
    "/@{nickname}/following": "views/people/people.js",
}
"""Path patterns, and the module of `web` that shows them. Unknown paths are 404."""

ASSETS = "/assets/{name}"
FILES = {
    "/worker.js": "text/javascript; charset=utf-8",
    "/manifest.webmanifest": "application/manifest+json",
    "/favicon.ico": "image/svg+xml",
}
"""Files that browsers request at a fixed path, and their media types."""
