"""Scripts that play the persons of an authority, embedded or over a message broker."""
