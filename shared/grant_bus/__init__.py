"""Feeds and followers, the one writer, and the two transports: in process and on RabbitMQ.

It moves events and commands and decides nothing about grants. Only `grant_bus.nameko` may import
nameko and eventlet.
"""
