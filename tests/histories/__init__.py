"""Histories that earlier programs have recorded, and today's program told them again."""
