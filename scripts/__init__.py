"""Development tools: `make` runs each from the root of the repository."""
