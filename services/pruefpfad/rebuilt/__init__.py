"""Every aggregate and every read model rebuilt from events, and compared with what is served."""
