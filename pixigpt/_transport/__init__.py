"""Connections: what lies below httpx. It knows nothing of calls, models or the API."""
