"""`make docs`: build the documentation and check it."""
