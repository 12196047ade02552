"""Values that every service shares: money, rates, periods, legal time, bank accounts, their text.

The modules decide nothing about a grant. They know no service, no store and no bus, and read no
clock; what the law sets as a number reaches them as an argument.
"""
