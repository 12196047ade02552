"""The vault: keys for personal data, kept apart from every ledger, and what is sealed with them."""
