"""nameko and eventlet, kept in one package: the only one beside `service.py` that imports them.

Importing this package does nothing. A process becomes green by `hub.patch()`, and that must come
before anything opens a socket or imports the database driver.
"""
