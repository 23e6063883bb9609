"""The example in a real browser, against a login page that nobody here wrote."""
