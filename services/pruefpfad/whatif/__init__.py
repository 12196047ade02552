"""What other rules or rates would have made of a recorded history, persons' decisions held."""
