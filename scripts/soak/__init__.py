"""`make soak`: send minutes of mixed traffic, and account for all of it."""
