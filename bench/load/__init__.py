"""Requests, and the two generators that send them: wrk as fast as answers come, `steady` at a constant rate."""
