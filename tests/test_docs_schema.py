"""The pages of the API schema show every operation and schema of the contract, linked."""

import json
import re
import tomllib
from pathlib import Path

import yaml

from scripts.docs.schema import pages
from scripts.operations import operations, read_contract

ROOT = Path(__file__).resolve().parent.parent
CONTRACT = read_contract()
PAGES = {name: "\n\n".join(lines) for name, lines in pages(CONTRACT).items()}


def part(page: str, name: str) -> str:
    return re.split(r"\n(?=## )", PAGES[page].partition(f"## {name} ")[2])[0]


def test_an_operation_shows_its_request_parameters_body_responses_and_examples() -> None:
    shown = part("runs", "create_run")
    assert "```text\nPOST /threads/{thread_id}/runs\n```" in shown
    assert "The run is asynchronous" in shown
    assert "| `thread_id`{ .field } | string, not empty | path | yes | The thread's id. |" in shown
    assert "| `Idempotency-Key`{ .field } | string, not empty | header | no | A unique value" in shown
    assert "**Body**: [CreateRunRequest](schemas.md#CreateRunRequest), as `application/json`" in shown
    assert "| `temperature`{ .field } | number, at least 0, at most 2 | no | Randomness" in shown
    assert "| `2XX` | [Run](schemas.md#Run) | `X-Request-Id` | The started run. |" in shown
    assert "| `404` | [ErrorResponse](schemas.md#ErrorResponse) | `X-Request-Id` | There is no such" in shown
    request, response = (json.loads(each) for each in re.findall(r"```json\n(.*?)```", shown, re.DOTALL))
    assert request["assistant_id"] == "asst_1"
    assert response["status"] == "completed"


def test_a_schema_shows_its_fields_and_links_to_those_that_it_names() -> None:
    shown = part("schemas", "ThreadMessage")
    assert "| `role`{ .field } | [Role](schemas.md#Role) | yes |" in shown
    assert (
        "| `content`{ .field } | array of [ContentBlock](schemas.md#ContentBlock) | yes | The message's blocks. |"
        in shown
    )
    assert "| `sources`{ .field } | array of [Source](schemas.md#Source) or null | no |" in shown
    assert "Type: string, `system` or `user` or `assistant` or `tool`" in part("schemas", "Role")
    assert "[ThreadMetadata](schemas.md#ThreadMetadata) or null" in part("schemas", "Thread")


def test_every_operation_and_schema_is_shown_once_and_every_page_is_in_the_menu() -> None:
    headings = [each for page in PAGES.values() for each in re.findall(r"^## .* \{ #(\w+) \}$", page, re.MULTILINE)]
    assert sorted(headings) == sorted([*operations(CONTRACT), *CONTRACT["components"]["schemas"]])
    assert all(f".md#{each})" in PAGES["index"] for each in operations(CONTRACT))
    menu = tomllib.loads((ROOT / "zensical.toml").read_text(encoding="utf-8"))["project"]["nav"]
    shown = next(each["API schema"] for each in menu if "API schema" in each)
    assert [path for each in shown for path in each.values()] == [f"schema/{name}.md" for name in PAGES]


def test_whatever_a_contract_may_hold_is_shown() -> None:
    zoo = yaml.safe_load((ROOT / "tests" / "contract_zoo.yaml").read_text(encoding="utf-8"))
    shown = {name: "\n\n".join(lines) for name, lines in pages(zoo).items()}
    headings = re.findall(r"^## .* \{ #(\w+) \}$", "\n".join(shown.values()), re.MULTILINE)
    assert sorted(headings) == sorted([*operations(zoo), *zoo["components"]["schemas"]])
    assert "`application/octet-stream`\n\n**Responses**" in shown["bodies"]
    assert "[Cat](schemas.md#Cat) or [Dog](schemas.md#Dog)" in shown["bodies"]
    assert "| `species`{ .field } | any, `animal` | yes |" in shown["schemas"]
    assert "| `born`{ .field } | string, date |" in shown["schemas"]
    assert "| `scores`{ .field } | object, each value integer |" in shown["schemas"]
    assert '"species": "animal"' in shown["bodies"]
    assert '"the-name": "string"' in shown["bodies"]
