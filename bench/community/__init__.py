"""The same small community in our standalone and in GoToSocial, both on SQLite: everybody follows everybody and posts.

Our posts have a photo, those of GoToSocial are text only, which costs it less.
"""
