"""Contains all the data models used in inputs/outputs"""

from .analyze_image_request import AnalyzeImageRequest
from .analyze_video_request import AnalyzeVideoRequest
from .annotation import Annotation
from .assistant import Assistant
from .assistant_list import AssistantList
from .assistant_object import AssistantObject
from .chat_completion import ChatCompletion
from .chat_completion_object import ChatCompletionObject
from .choice import Choice
from .code_execution import CodeExecution
from .content_block import ContentBlock
from .content_block_type import ContentBlockType
from .create_assistant_request import CreateAssistantRequest
from .create_chat_completion_request import CreateChatCompletionRequest
from .create_embedding_request import CreateEmbeddingRequest
from .create_message_request import CreateMessageRequest
from .create_messages_bulk_request import CreateMessagesBulkRequest
from .create_run_request import CreateRunRequest
from .create_thread_request import CreateThreadRequest
from .embedding_list import EmbeddingList
from .embedding_usage import EmbeddingUsage
from .embedding_vector import EmbeddingVector
from .embedding_vector_object import EmbeddingVectorObject
from .error_detail import ErrorDetail
from .error_response import ErrorResponse
from .finish_reason import FinishReason
from .function_call import FunctionCall
from .function_definition import FunctionDefinition
from .function_parameters import FunctionParameters
from .image_request import ImageRequest
from .list_object import ListObject
from .media import Media
from .media_source import MediaSource
from .media_type import MediaType
from .message import Message
from .moderate_media_request import ModerateMediaRequest
from .moderate_text_request import ModerateTextRequest
from .moderation import Moderation
from .moderation_category import ModerationCategory
from .ranked_document import RankedDocument
from .rerank_request import RerankRequest
from .rerank_result import RerankResult
from .rerank_usage import RerankUsage
from .role import Role
from .run import Run
from .run_object import RunObject
from .run_status import RunStatus
from .source import Source
from .text_content import TextContent
from .thread import Thread
from .thread_list import ThreadList
from .thread_message import ThreadMessage
from .thread_message_list import ThreadMessageList
from .thread_message_object import ThreadMessageObject
from .thread_metadata import ThreadMetadata
from .thread_object import ThreadObject
from .tool import Tool
from .tool_call import ToolCall
from .tool_call_type import ToolCallType
from .tool_type import ToolType
from .update_assistant_request import UpdateAssistantRequest
from .usage import Usage
from .vision_result import VisionResult

__all__ = (
    "AnalyzeImageRequest",
    "AnalyzeVideoRequest",
    "Annotation",
    "Assistant",
    "AssistantList",
    "AssistantObject",
    "ChatCompletion",
    "ChatCompletionObject",
    "Choice",
    "CodeExecution",
    "ContentBlock",
    "ContentBlockType",
    "CreateAssistantRequest",
    "CreateChatCompletionRequest",
    "CreateEmbeddingRequest",
    "CreateMessageRequest",
    "CreateMessagesBulkRequest",
    "CreateRunRequest",
    "CreateThreadRequest",
    "EmbeddingList",
    "EmbeddingUsage",
    "EmbeddingVector",
    "EmbeddingVectorObject",
    "ErrorDetail",
    "ErrorResponse",
    "FinishReason",
    "FunctionCall",
    "FunctionDefinition",
    "FunctionParameters",
    "ImageRequest",
    "ListObject",
    "Media",
    "MediaSource",
    "MediaType",
    "Message",
    "ModerateMediaRequest",
    "ModerateTextRequest",
    "Moderation",
    "ModerationCategory",
    "RankedDocument",
    "RerankRequest",
    "RerankResult",
    "RerankUsage",
    "Role",
    "Run",
    "RunObject",
    "RunStatus",
    "Source",
    "TextContent",
    "Thread",
    "ThreadList",
    "ThreadMessage",
    "ThreadMessageList",
    "ThreadMessageObject",
    "ThreadMetadata",
    "ThreadObject",
    "Tool",
    "ToolCall",
    "ToolCallType",
    "ToolType",
    "UpdateAssistantRequest",
    "Usage",
    "VisionResult",
)

# Each class's fields: the name in JSON, the attribute's name, and whether it is required.
FIELDS: dict[str, tuple[tuple[str, str, bool], ...]] = {
    "Message": (
        ("role", "role", True),
        ("content", "content", False),
        ("tool_calls", "tool_calls", False),
        ("tool_call_id", "tool_call_id", False),
    ),
    "ToolCall": (
        ("id", "id", True),
        ("type", "type_", True),
        ("function", "function", True),
    ),
    "FunctionCall": (
        ("name", "name", True),
        ("arguments", "arguments", True),
    ),
    "Tool": (
        ("type", "type_", True),
        ("function", "function", True),
    ),
    "FunctionDefinition": (
        ("name", "name", True),
        ("description", "description", False),
        ("parameters", "parameters", False),
    ),
    "FunctionParameters": (),
    "CreateChatCompletionRequest": (
        ("messages", "messages", True),
        ("assistant_id", "assistant_id", False),
        ("temperature", "temperature", False),
        ("max_tokens", "max_tokens", False),
        ("enable_thinking", "enable_thinking", False),
        ("tools", "tools", False),
    ),
    "ChatCompletion": (
        ("id", "id", True),
        ("object", "object_", True),
        ("created", "created", True),
        ("model", "model", True),
        ("choices", "choices", True),
        ("usage", "usage", True),
    ),
    "Choice": (
        ("index", "index", True),
        ("message", "message", True),
        ("finish_reason", "finish_reason", True),
        ("reasoning_content", "reasoning_content", False),
    ),
    "Usage": (
        ("prompt_tokens", "prompt_tokens", True),
        ("completion_tokens", "completion_tokens", True),
        ("total_tokens", "total_tokens", True),
    ),
    "CreateThreadRequest": (),
    "Thread": (
        ("id", "id", True),
        ("object", "object_", True),
        ("created_at", "created_at", True),
        ("metadata", "metadata", False),
    ),
    "ThreadMetadata": (),
    "ThreadList": (
        ("object", "object_", True),
        ("data", "data", True),
    ),
    "CreateMessageRequest": (
        ("role", "role", True),
        ("content", "content", True),
    ),
    "CreateMessagesBulkRequest": (("messages", "messages", True),),
    "ThreadMessage": (
        ("id", "id", True),
        ("object", "object_", True),
        ("created_at", "created_at", True),
        ("thread_id", "thread_id", True),
        ("role", "role", True),
        ("content", "content", True),
        ("reasoning_content", "reasoning_content", False),
        ("sources", "sources", False),
        ("media", "media", False),
        ("code", "code", False),
    ),
    "ContentBlock": (
        ("type", "type_", True),
        ("text", "text", True),
    ),
    "TextContent": (
        ("value", "value", True),
        ("annotations", "annotations", True),
    ),
    "Annotation": (),
    "Source": (
        ("id", "id", True),
        ("tool_name", "tool_name", True),
        ("title", "title", False),
        ("url", "url", False),
        ("snippet", "snippet", False),
    ),
    "Media": (
        ("id", "id", True),
        ("source", "source", True),
        ("type", "type_", True),
        ("signed_url", "signed_url", True),
        ("prompt", "prompt", False),
        ("description", "description", False),
    ),
    "CodeExecution": (
        ("id", "id", True),
        ("language", "language", True),
        ("code", "code", True),
        ("stdout", "stdout", False),
        ("stderr", "stderr", False),
        ("execution_time_ms", "execution_time_ms", False),
    ),
    "ThreadMessageList": (
        ("object", "object_", True),
        ("data", "data", True),
        ("first_id", "first_id", False),
        ("last_id", "last_id", False),
        ("has_more", "has_more", False),
    ),
    "CreateRunRequest": (
        ("assistant_id", "assistant_id", True),
        ("enable_thinking", "enable_thinking", False),
        ("temperature", "temperature", False),
        ("max_tokens", "max_tokens", False),
    ),
    "Run": (
        ("id", "id", True),
        ("object", "object_", True),
        ("created_at", "created_at", True),
        ("thread_id", "thread_id", True),
        ("assistant_id", "assistant_id", True),
        ("status", "status", True),
        ("model", "model", True),
        ("message", "message", False),
    ),
    "CreateAssistantRequest": (
        ("name", "name", True),
        ("instructions", "instructions", True),
        ("tools_config", "tools_config", False),
    ),
    "UpdateAssistantRequest": (
        ("name", "name", True),
        ("instructions", "instructions", True),
        ("tools_config", "tools_config", False),
    ),
    "Assistant": (
        ("id", "id", True),
        ("object", "object_", True),
        ("created_at", "created_at", True),
        ("name", "name", True),
        ("instructions", "instructions", True),
        ("tools_config", "tools_config", False),
    ),
    "AssistantList": (
        ("object", "object_", True),
        ("data", "data", True),
    ),
    "AnalyzeImageRequest": (
        ("image_url", "image_url", True),
        ("user_prompt", "user_prompt", False),
    ),
    "ImageRequest": (("image_url", "image_url", True),),
    "AnalyzeVideoRequest": (
        ("video_url", "video_url", True),
        ("user_prompt", "user_prompt", False),
    ),
    "VisionResult": (
        ("result", "result", True),
        ("usage", "usage", True),
    ),
    "ModerateTextRequest": (("prompt", "prompt", True),),
    "ModerateMediaRequest": (
        ("media_url", "media_url", True),
        ("is_video", "is_video", True),
    ),
    "Moderation": (
        ("category", "category", True),
        ("score", "score", True),
        ("usage", "usage", True),
    ),
    "CreateEmbeddingRequest": (
        ("input", "input_", True),
        ("model", "model", False),
    ),
    "EmbeddingList": (
        ("object", "object_", True),
        ("data", "data", True),
        ("usage", "usage", True),
    ),
    "EmbeddingVector": (
        ("object", "object_", True),
        ("embedding", "embedding", True),
        ("index", "index", True),
    ),
    "EmbeddingUsage": (
        ("prompt_tokens", "prompt_tokens", True),
        ("total_tokens", "total_tokens", True),
    ),
    "RerankRequest": (
        ("query", "query", True),
        ("documents", "documents", True),
        ("top_k", "top_k", False),
        ("model", "model", False),
    ),
    "RerankResult": (
        ("object", "object_", True),
        ("results", "results", True),
        ("usage", "usage", True),
    ),
    "RankedDocument": (
        ("index", "index", True),
        ("document", "document", True),
        ("relevance_score", "relevance_score", True),
    ),
    "RerankUsage": (("total_tokens", "total_tokens", True),),
    "ErrorResponse": (("error", "error", True),),
    "ErrorDetail": (
        ("message", "message", True),
        ("type", "type_", True),
        ("code", "code", False),
    ),
}
