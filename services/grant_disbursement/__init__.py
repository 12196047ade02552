"""Pays out against claims: two certificates, an order, one payment run at a time."""
