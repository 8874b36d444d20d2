"""Proofs: jobs killed, stopped and starved, and their reports held against the sandbox's own record."""
