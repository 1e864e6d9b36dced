"""Responses that are read as they come, inside a block: their bytes, or a chat's chunks."""
