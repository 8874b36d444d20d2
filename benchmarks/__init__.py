"""What the package costs, measured against other ways to do the same; README.md says how to run it."""
