"""How a process looks for garbage: seldom, because almost nothing of ours is any.

Every event makes dozens of objects that live until its batch is committed. As the interpreter
counts by default, it would look through all that is held in memory again and again meanwhile, and
spend a sixth of all time on it. It knows nothing of services.
"""

from __future__ import annotations

import gc

NEW_OBJECTS = 10_000
"""So many more objects than before make it look through the new ones: measured to keep a service
flat in memory. A program that ends soon may let more lie about."""
YOUNG_ROUNDS, OLD_ROUNDS = 10, 5


def look_for_garbage_seldom(new_objects: int = NEW_OBJECTS) -> None:
    """To be called once, when all modules are imported: they are never looked through again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(new_objects, YOUNG_ROUNDS, OLD_ROUNDS)
