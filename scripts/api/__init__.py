"""`make check-api`: find what breaks since the last release."""
