"""Fills a running instance through its public interface, so that there is something to look at.

`people` and `words` say who is there and what they say, `plan` decides who does what, `visitor` makes the
requests, `performance` carries the plan out.
"""
