"""Contains all the data models used in inputs/outputs"""

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
from .create_message_request import CreateMessageRequest
from .create_messages_bulk_request import CreateMessagesBulkRequest
from .create_run_request import CreateRunRequest
from .create_thread_request import CreateThreadRequest
from .error_detail import ErrorDetail
from .error_response import ErrorResponse
from .finish_reason import FinishReason
from .function_call import FunctionCall
from .function_definition import FunctionDefinition
from .function_parameters import FunctionParameters
from .list_object import ListObject
from .media import Media
from .media_source import MediaSource
from .media_type import MediaType
from .message import Message
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

__all__ = (
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
    "CreateMessageRequest",
    "CreateMessagesBulkRequest",
    "CreateRunRequest",
    "CreateThreadRequest",
    "ErrorDetail",
    "ErrorResponse",
    "FinishReason",
    "FunctionCall",
    "FunctionDefinition",
    "FunctionParameters",
    "ListObject",
    "Media",
    "MediaSource",
    "MediaType",
    "Message",
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
)
