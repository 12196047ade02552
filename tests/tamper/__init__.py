"""A clean history, changed in every way that somebody with the files in hand could think of."""
