"""What can be done in posts, one file for each noun. Every function is part of the caller's one transaction.

Locks are taken in one order: the writer (shared), the post (shared; alone by its author who changes it), the
first comment of a thread, the comments of the thread, the tallies. So nothing that people do can deadlock.
What writes timelines has an order of its own, in `popularity`; where the two meet, a deadlock is run again.
"""
