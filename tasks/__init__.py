"""What the sessions of the noxfile call, and is no session itself."""
