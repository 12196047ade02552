"""Private servers for the tests. Nothing in the product imports from here."""
