"""The addresses of the web client: each answers with its page, and names the view that the page shows first."""

VIEWS = {
    "/": "views/home/home.js",
    "/explore": "views/explore/explore.js",
    "/login": "views/login/login.js",
    "/signup": "views/signup/signup.js",
    "/new": "views/compose/compose.js",
    "/search": "views/search/search.js",
    "/messages": "views/rooms/rooms.js",
    "/messages/{id}": "views/room/room.js",
    "/settings": "views/settings/settings.js",
    "/settings/sessions": "views/sessions/sessions.js",
    "/settings/activity": "views/activity/activity.js",
    "/settings/deletion": "views/deletion/deletion.js",
    "/p/{id}": "views/post/post.js",
    "/p/{id}/likes": "views/people/people.js",
    "/p/{id}/edit": "views/edit/edit.js",
    "/@{nickname}": "views/profile/profile.js",
    "/@{nickname}/followers": "views/people/people.js",
    "/@{nickname}/following": "views/people/people.js",
}
"""Path patterns and the module of `web` that shows them. Nothing else is a page: unknown addresses stay 404."""

ASSETS = "/assets/{name}"
FILES = {
    "/worker.js": "text/javascript; charset=utf-8",
    "/manifest.webmanifest": "application/manifest+json",
    "/favicon.ico": "image/svg+xml",
}
"""Files that browsers look for at a fixed address, and their media types."""
