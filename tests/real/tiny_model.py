"""A language model of 1.5 MB, made on the spot: random weights, and a few replies that it knows by heart.

It is a llama of one layer that adds nothing, so that each token is chosen by the one before it alone. Its tokens are
the 256 bytes, the pieces of the replies, and marks that only the chat template writes. After a mark the weights lead
through one reply to its end; after all else they are noise, which goes on until the limit.
"""

from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Any

WIDTH = 288  # of a token's vector: one number per token, and it must divide into heads
HEAD = 32
CONTEXT = 16384

# A prompt that ends in the mark is answered with the pieces.
REPLIES = {
    "<|calling|>": ["<tool_call>\n", '{"name": "now", ', '"arguments": {}}', "\n</tool_call>"],
    "<|telling|>": ["It is", " noon."],
    "<|thinking|>": ["<think>\n", "Clocks", " know.", "\n</think>\n\n", "Noon", " it is."],
}
START, END = "<|im_start|>", "<|im_end|>"
THINK_FIRST = "Think first."

# What is asked of it, and the tool that it calls.
HELLO = [{"role": "user", "content": "Hello."}]
NOW = {
    "type": "function",
    "function": {
        "name": "now",
        "description": "The time.",
        "parameters": {"type": "object", "properties": {}, "additionalProperties": False},
    },
}

# The form of a tool call is one that llama.cpp finds in the template by itself.
TEMPLATE = """\
{%- if tools %}<|im_start|>system
Your tools:
{%- for tool in tools %}
{{ tool | tojson }}
{%- endfor %}
Use one by
<tool_call>
{"name": <its name>, "arguments": <a JSON object>}
</tool_call><|im_end|>
{% endif %}
{%- for message in messages %}<|im_start|>{{ message.role }}
{% if message.reasoning_content %}<think>
{{ message.reasoning_content }}
</think>

{% endif %}
{%- if message.content %}{{ message.content }}{% endif %}
{%- for call in message.tool_calls or [] %}
<tool_call>
{"name": "{{ call.function.name }}", "arguments": {{ call.function.arguments | tojson }}}
</tool_call>
{%- endfor %}<|im_end|>
{% endfor %}
{%- if add_generation_prompt %}<|im_start|>assistant
{% if messages[-1].role == "tool" %}<|telling|>
{%- elif tools %}<|calling|>
{%- elif messages[-1].content == "THINK_FIRST" and enable_thinking %}<|thinking|>
{%- endif %}{% endif %}""".replace("THINK_FIRST", THINK_FIRST)


def write_model(path: Path) -> None:
    """Write the model as a GGUF file."""
    # Not in .venv, where the types are checked: `make test-real` has an environment of its own.
    gguf, np = import_module("gguf"), import_module("numpy")
    alphabet = _alphabet()
    pieces = ["".join(alphabet[byte] for byte in piece.encode()) for reply in REPLIES.values() for piece in reply]
    marks = [START, END, *REPLIES]
    tokens = [*alphabet, *pieces, *marks]
    kinds = [gguf.TokenType.NORMAL] * (len(tokens) - len(marks)) + [gguf.TokenType.CONTROL] * len(marks)

    writer = gguf.GGUFWriter(path, "llama")
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(1)
    writer.add_feed_forward_length(HEAD)
    writer.add_head_count(WIDTH // HEAD)
    writer.add_head_count_kv(1)
    writer.add_key_length(HEAD)
    writer.add_value_length(HEAD)
    writer.add_rope_dimension_count(HEAD)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(len(tokens))
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(tokens)
    writer.add_token_types(kinds)
    writer.add_token_merges(["a b"])  # there must be one; it makes no token, so a text is its bytes
    writer.add_bos_token_id(tokens.index(END))
    writer.add_eos_token_id(tokens.index(END))
    writer.add_add_bos_token(False)
    writer.add_chat_template(TEMPLATE)
    for name, weights in _weights(np, tokens, pieces).items():
        writer.add_tensor(f"{name}.weight", weights.astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _alphabet() -> list[str]:
    """The letter that stands for each byte in a GPT-2 vocabulary: itself where printable, else one from 256 up."""
    printable = {*range(33, 127), *range(161, 173), *range(174, 256)}
    others = [byte for byte in range(256) if byte not in printable]
    return [chr(byte) if byte in printable else chr(256 + others.index(byte)) for byte in range(256)]


def _weights(np: Any, tokens: list[str], pieces: list[str]) -> dict[str, Any]:
    following = np.random.default_rng(1).normal(scale=0.02, size=(len(tokens), WIDTH))
    following[256:] = -2  # noise is made of bytes alone: neither a piece nor the end comes by chance
    left = iter(pieces)
    for mark, reply in REPLIES.items():
        for before, after in pairwise([mark, *(next(left) for _ in reply), END]):
            following[tokens.index(after), tokens.index(before)] = 5
    return {
        "token_embd": np.eye(len(tokens), WIDTH),
        "output": following,
        "output_norm": np.ones(WIDTH),
        "blk.0.attn_norm": np.ones(WIDTH),
        "blk.0.attn_q": np.zeros((WIDTH, WIDTH)),
        "blk.0.attn_k": np.zeros((HEAD, WIDTH)),
        "blk.0.attn_v": np.zeros((HEAD, WIDTH)),
        "blk.0.attn_output": np.zeros((WIDTH, WIDTH)),
        "blk.0.ffn_norm": np.ones(WIDTH),
        "blk.0.ffn_gate": np.zeros((HEAD, WIDTH)),
        "blk.0.ffn_up": np.zeros((HEAD, WIDTH)),
        "blk.0.ffn_down": np.zeros((WIDTH, HEAD)),
    }
