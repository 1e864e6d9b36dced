"""Python functions as tools that run, and typed answers: what `run_tools` and `parse_chat_completion` are made of.

Needs the extra: `pip install "pixigpt[tools]"`.
"""

try:
    from pixigpt.tools._function import FunctionTool, ToolError, tool
    from pixigpt.tools._results import ParsedCompletion, ToolCallRecord, ToolRun
except ModuleNotFoundError as cause:
    message = f'pixigpt.tools needs {cause.name}: pip install "pixigpt[tools]"'
    raise ModuleNotFoundError(message, name=cause.name) from cause

__all__ = ["FunctionTool", "ParsedCompletion", "ToolCallRecord", "ToolError", "ToolRun", "tool"]
