"""Python functions as tools that run, and typed answers: what `run_tools` and `parse_chat_completion` are made of.

Needs the extra: `pip install "pixigpt[tools]"`.
"""

try:
    from pixigpt.tools._function import FunctionTool, tool
    from pixigpt.tools._parse import ParsedCompletion
except ModuleNotFoundError as cause:
    message = f'pixigpt.tools needs {cause.name}: pip install "pixigpt[tools]"'
    raise ModuleNotFoundError(message, name=cause.name) from cause

from pixigpt._tool_run import ToolCallRecord, ToolError, ToolRun

__all__ = ["FunctionTool", "ParsedCompletion", "ToolCallRecord", "ToolError", "ToolRun", "tool"]
