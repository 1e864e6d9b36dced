"""Contains all the data models used in inputs/outputs"""

from .analyze_image_request import AnalyzeImageRequest
from .analyze_video_request import AnalyzeVideoRequest
from .annotation import Annotation
from .assistant import Assistant
from .assistant_list import AssistantList
from .assistant_object import AssistantObject
from .chat_completion import ChatCompletion
from .chat_completion_chunk import ChatCompletionChunk
from .chat_completion_object import ChatCompletionObject
from .choice import Choice
from .chunk_choice import ChunkChoice
from .chunk_delta import ChunkDelta
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
from .function_call_delta import FunctionCallDelta
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
from .stream_options import StreamOptions
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
from .tool_call_delta import ToolCallDelta
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
    "ChatCompletionChunk",
    "ChatCompletionObject",
    "Choice",
    "ChunkChoice",
    "ChunkDelta",
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
    "FunctionCallDelta",
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
    "StreamOptions",
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
    "ToolCallDelta",
    "ToolCallType",
    "ToolType",
    "UpdateAssistantRequest",
    "Usage",
    "VisionResult",
)
