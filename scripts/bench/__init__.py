"""`make bench`: measure what a call costs, next to other clients."""
