"""The auditor's side: one case file over the feeds of all services, read and exported.

It decides nothing about a case. What it records by itself is who looked, and what samples were
drawn.
"""
