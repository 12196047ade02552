"""Every automatic result and amount of a history, decided again and compared with the record."""
