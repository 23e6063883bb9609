"""Many processes that act for one user, who has signed in once: see README.md."""
