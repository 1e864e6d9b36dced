"""Helpers that more than one test file uses; a test file imports from here, never from another test file."""
