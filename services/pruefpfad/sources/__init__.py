"""Files that people hand in: records, lists, definitions, JSON. Nothing is recorded here."""
