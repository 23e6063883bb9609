"""What has changed since the last release, and what each change means for users."""
