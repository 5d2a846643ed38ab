"""Requests, and two load generators: wrk (closed loop) and `constant_rate` (open loop)."""
