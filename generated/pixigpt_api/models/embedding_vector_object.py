from typing import Literal

EmbeddingVectorObject = Literal["embedding"]

EMBEDDING_VECTOR_OBJECT_VALUES: set[EmbeddingVectorObject] = {
    "embedding",
}


def check_embedding_vector_object(value: str) -> EmbeddingVectorObject:
    if not isinstance(value, str):
        raise TypeError(f"Expected a str, got {value!r}")
    return value  # type: ignore[return-value]
