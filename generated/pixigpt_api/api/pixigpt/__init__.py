"""Contains endpoint functions for accessing the API"""

# Each endpoint's successful responses: from which status to which, what of the response is read, and its type.
RESPONSES: dict[str, tuple[tuple[int, int, str, str], ...]] = {
    "create_chat_completion": ((200, 299, "response.json()", "ChatCompletion"),),
    "list_threads": ((200, 299, "response.json()", "ThreadList"),),
    "create_thread": ((200, 299, "response.json()", "Thread"),),
    "get_thread": ((200, 299, "response.json()", "Thread"),),
    "delete_thread": ((200, 299, "None", "Any"),),
    "list_messages": ((200, 299, "response.json()", "ThreadMessageList"),),
    "create_message": ((200, 299, "response.json()", "ThreadMessage"),),
    "create_messages_bulk": ((200, 299, "response.json()", "ThreadMessageList"),),
    "create_run": ((200, 299, "response.json()", "Run"),),
    "get_run": ((200, 299, "response.json()", "Run"),),
    "list_assistants": ((200, 299, "response.json()", "AssistantList"),),
    "create_assistant": ((200, 299, "response.json()", "Assistant"),),
    "get_assistant": ((200, 299, "response.json()", "Assistant"),),
    "update_assistant": ((200, 299, "response.json()", "Assistant"),),
    "delete_assistant": ((200, 299, "None", "Any"),),
    "list_assistant_threads": ((200, 299, "response.json()", "ThreadList"),),
    "analyze_image": ((200, 299, "response.json()", "VisionResult"),),
    "analyze_image_for_tags": ((200, 299, "response.json()", "VisionResult"),),
    "extract_text": ((200, 299, "response.json()", "VisionResult"),),
    "analyze_video": ((200, 299, "response.json()", "VisionResult"),),
    "moderate_text": ((200, 299, "response.json()", "Moderation"),),
    "moderate_media": ((200, 299, "response.json()", "Moderation"),),
    "create_embedding": ((200, 299, "response.json()", "EmbeddingList"),),
    "rerank": ((200, 299, "response.json()", "RerankResult"),),
}
