"""The SDK against servers that misbehave on raw sockets: one table of cases per promise."""
