"""Sample data, created in a running instance through its public API.

`people`, `texts` and `conversations` are the data, `plan` decides who does what, `client` sends the requests, and
`seed` creates what is missing.
"""
