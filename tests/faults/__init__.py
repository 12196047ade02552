"""Faults on the real thing: processes killed, lines cut, servers stopped, queues disturbed."""
