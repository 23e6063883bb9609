"""Tests of the command line, in this process and through its console script."""
