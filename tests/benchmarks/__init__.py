"""What a call costs, in ratios to hand-written httpx: ``nox -s bench``."""
