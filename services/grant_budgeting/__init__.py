"""Promises money: earmarks, decides on applications, commits, and keeps what was spent."""
