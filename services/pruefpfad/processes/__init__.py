"""The processes of the distributed run: services, relays, migration, health."""
