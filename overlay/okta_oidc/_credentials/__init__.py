"""What requests are authorized by: client assertions, DPoP proofs, tokens that are held."""
