"""Receives applications and says whether they are complete. It judges nothing."""
