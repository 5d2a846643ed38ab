"""What users change in posts, a module for each noun. Every function runs in the caller's transaction.

Locks are taken in one order: the writer (FOR SHARE), the post (FOR SHARE; FOR UPDATE by its author who changes it), the
first comment of the thread, the comments of the thread, the counters, those of tags last. So requests cannot deadlock.
What writes timelines has an order of its own (`feed/celebrities.py`); where the two meet, the transaction is retried
after a deadlock.
"""
