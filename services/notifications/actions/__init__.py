"""What events and users change in notifications, a module for each noun. Every function runs in the caller's
transaction.
"""
