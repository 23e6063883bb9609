"""What many suites stand on: one of each."""
