"""The whole client over the sandbox, in virtual time, under seeded schedules of what can go wrong."""
