"""`make check-compat`: run other clients against the local server."""
