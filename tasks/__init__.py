"""What the noxfile runs and is no suite of tests: each module a chore, ``python -m tasks.NAME``."""
