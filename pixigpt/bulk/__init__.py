"""Many calls: what `map_chat_completions`, `map_embeddings` and `run_batch` take and give."""

from pixigpt.bulk._items import BatchItem
from pixigpt.bulk._progress import BatchProgress, BatchSummary

__all__ = ["BatchItem", "BatchProgress", "BatchSummary"]
