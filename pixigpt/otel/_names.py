"""Every name of the conventions for generative AI that is used here, and of our own.

The conventions are in development, and have moved. By default the names are those of version 1.41.0, the last one in
github.com/open-telemetry/semantic-conventions. `OTEL_SEMCONV_STABILITY_OPT_IN=gen_ai_latest_experimental` selects the
metrics of github.com/open-telemetry/semantic-conventions-genai, which has no release yet, as of October 2026. The names
of spans and attributes that are used here are the same in both.
"""

from collections.abc import Mapping

SCHEMA_URL = "https://opentelemetry.io/schemas/1.41.0"

PROVIDER = "pixigpt"

# The conventions' names of operations; one that they do not have goes by its own.
OPERATIONS: Mapping[str, str] = {
    "create_assistant": "create_agent",
    "create_chat_completion": "chat",
    "create_embedding": "embeddings",
}
EXECUTE_TOOL = "execute_tool"
INVOKE_AGENT = "invoke_agent"

# In which a model generates something from a prompt.
INFERENCES = frozenset(
    {
        "analyze_image",
        "analyze_image_for_tags",
        "analyze_video",
        "chat",
        "extract_text",
        "moderate_media",
        "moderate_text",
    }
)

OPERATION_NAME = "gen_ai.operation.name"
PROVIDER_NAME = "gen_ai.provider.name"
SERVER_ADDRESS = "server.address"
SERVER_PORT = "server.port"
ERROR_TYPE = "error.type"
STATUS_CODE = "http.response.status_code"

REQUEST_MODEL = "gen_ai.request.model"
REQUEST_STREAM = "gen_ai.request.stream"
REQUEST_STOP = "gen_ai.request.stop_sequences"
REQUEST_CHOICES = "gen_ai.request.choice.count"
# Attributes that are a field of the body, and the types that they can be.
REQUEST_FIELDS: Mapping[str, tuple[str, tuple[type, ...]]] = {
    "model": (REQUEST_MODEL, (str,)),
    "temperature": ("gen_ai.request.temperature", (float, int)),
    "max_tokens": ("gen_ai.request.max_tokens", (int,)),
    "top_p": ("gen_ai.request.top_p", (float, int)),
    "top_k": ("gen_ai.request.top_k", (float, int)),
    "frequency_penalty": ("gen_ai.request.frequency_penalty", (float, int)),
    "presence_penalty": ("gen_ai.request.presence_penalty", (float, int)),
    "seed": ("gen_ai.request.seed", (int,)),
}

RESPONSE_ID = "gen_ai.response.id"
RESPONSE_MODEL = "gen_ai.response.model"
RESPONSE_FINISH_REASONS = "gen_ai.response.finish_reasons"
RESPONSE_FIRST_CHUNK = "gen_ai.response.time_to_first_chunk"
INPUT_TOKENS = "gen_ai.usage.input_tokens"
OUTPUT_TOKENS = "gen_ai.usage.output_tokens"
CACHED_TOKENS = "gen_ai.usage.cache_read.input_tokens"
REASONING_TOKENS = "gen_ai.usage.reasoning.output_tokens"
EMBEDDING_DIMENSIONS = "gen_ai.embeddings.dimension.count"

AGENT_ID = "gen_ai.agent.id"
CONVERSATION_ID = "gen_ai.conversation.id"
TOOL_NAME = "gen_ai.tool.name"
TOOL_TYPE = "gen_ai.tool.type"
TOOL_CALL_ID = "gen_ai.tool.call.id"
TOOL_DESCRIPTION = "gen_ai.tool.description"

# Only where content is asked for.
INPUT_MESSAGES = "gen_ai.input.messages"
OUTPUT_MESSAGES = "gen_ai.output.messages"
SYSTEM_INSTRUCTIONS = "gen_ai.system_instructions"
TOOL_DEFINITIONS = "gen_ai.tool.definitions"
TOOL_ARGUMENTS = "gen_ai.tool.call.arguments"
TOOL_RESULT = "gen_ai.tool.call.result"

# What the conventions have no name for.
ATTEMPTS = "pixigpt.attempts"
IS_COMPLETE = "pixigpt.stream.is_complete"
REQUEST_ID = "pixigpt.request_id"
RUN_ID = "pixigpt.run.id"

TOKEN_TYPE = "gen_ai.token.type"  # noqa: S105  # no password
TOKEN_MODALITY = "gen_ai.token.modality"  # noqa: S105  # as above

# The metrics by default, and with the opt-in.
OPERATION_DURATION = "gen_ai.client.operation.duration"
TOKEN_USAGE = "gen_ai.client.token.usage"  # noqa: S105  # as above
FIRST_CHUNK = "gen_ai.client.operation.time_to_first_chunk"

LATEST_INFERENCE_DURATION = "gen_ai.client.inference.duration"
LATEST_EMBEDDINGS_DURATION = "gen_ai.client.embeddings.duration"
LATEST_TOOL_DURATION = "gen_ai.execute_tool.duration"
LATEST_FIRST_CHUNK = "gen_ai.client.inference.time_to_first_chunk"
LATEST_INPUT_TOKENS = "gen_ai.client.inference.operation.input_tokens"
LATEST_OUTPUT_TOKENS = "gen_ai.client.inference.operation.output_tokens"
LATEST_INPUT_TOTAL = "gen_ai.client.inference.usage.input_tokens"
LATEST_OUTPUT_TOTAL = "gen_ai.client.inference.usage.output_tokens"
LATEST_EMBEDDINGS_TOKENS = "gen_ai.client.embeddings.operation.input_tokens"

SECONDS = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
TOKENS = (1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864)

OPT_IN = "OTEL_SEMCONV_STABILITY_OPT_IN"
OPT_IN_VALUE = "gen_ai_latest_experimental"
CAPTURE_CONTENT = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
CAPTURE_VALUES = frozenset({"true", "span_only", "span_and_event"})
