"""An OpenAPI document as a page that people read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]

_METHODS = ("get", "put", "post", "delete", "patch")


def api_markdown(document: Json, note: str = "") -> str:
    """The document as Markdown: operations by tag, then types."""
    info = document["info"]
    lines = [f"# {info['title']}: API", ""]
    if note:
        lines += [note, ""]
    if info["description"]:
        lines += [info["description"], ""]
    lines += [*_identity(document["components"]["securitySchemes"]), ""]
    for tag, operations in _by_tag(document).items():
        lines += [f"## {tag.capitalize()}", ""]
        for path, method, operation in operations:
            lines += _operation(path, method, operation)
    lines += ["## Types", ""]
    for name, schema in document["components"]["schemas"].items():
        lines += _type(name, schema)
    return "\n".join(lines).rstrip("\n") + "\n"


def _identity(schemes: Json) -> list[str]:
    errors = "Errors carry a `message`, and a `code` that `errors.md` explains."
    if [scheme.get("bearerFormat") for scheme in schemes.values()] == ["JWT"]:
        return [
            "Bodies are JSON. Tokens are RS256 JWTs in `Authorization: Bearer`; under *scope* "
            f"stands what the token needs. {errors}"
        ]
    ways = [f"* `{name}`: {scheme.get('description', '')}" for name, scheme in schemes.items()]
    return [
        f"Bodies are JSON. Under *scope* stands what the caller needs. {errors}",
        "",
        "The caller says who it is in one of these ways:",
        "",
        *ways,
    ]


def _by_tag(document: Json) -> dict[str, list[tuple[str, str, Json]]]:
    found: dict[str, list[tuple[str, str, Json]]] = {}
    for path, item in document["paths"].items():
        for method in _METHODS:
            if method in item:
                tag = next(iter(item[method].get("tags", ())), "other")
                found.setdefault(tag, []).append((path, method, item[method]))
    return found


def _operation(path: str, method: str, operation: Json) -> list[str]:
    lines = [f"### {method.upper()} `{path}`", "", operation["summary"]]
    if "description" in operation:
        lines += ["", operation["description"]]
    # Whichever way a caller says who it is, it needs the same.
    alternatives = dict.fromkeys(
        " with ".join(f"`{scope}`" for scope in scopes)
        for entry in operation["security"]
        for scopes in entry.values()
    )
    if not operation["security"]:
        scope = "none: no token is needed"
    else:
        scope = " or ".join(alternatives) or "any valid token"
    lines += ["", f"* scope: {scope}"]
    for parameter in operation.get("parameters", ()):
        need = "" if parameter["required"] else ", optional"
        said = f": {parameter['description']}" if parameter["description"] else ""
        lines.append(f"* {parameter['in']} parameter `{parameter['name']}`{need}{said}")
    if "requestBody" in operation:
        schema = operation["requestBody"]["content"].get("application/json", {}).get("schema")
        lines.append(f"* body: {_name(schema) if schema else 'bytes, as the description says'}")
    lines += ["", "| status | meaning | body |", "|---|---|---|"]
    for status, response in operation["responses"].items():
        content = response.get("content", {})
        if "application/json" in content:
            body = _name(content["application/json"]["schema"])
        else:
            body = ", ".join(f"a stream of `{kind}`" for kind in content)
        lines.append(f"| {status} | {response['description']} | {body} |")
    return [*lines, ""]


def _type(name: str, schema: Json) -> list[str]:
    lines = [f"### {name}", ""]
    if "description" in schema:
        lines += [schema["description"].split("\n\n")[0].replace("\n", " "), ""]
    if "properties" not in schema:
        return [*lines, _name(schema), ""]
    required = set(schema.get("required", ()))
    lines += ["| member | type | |", "|---|---|---|"]
    for member, kind in schema["properties"].items():
        need = "required" if member in required else _default(kind)
        lines.append(f"| `{member}` | {_name(kind)} | {need} |")
    return [*lines, ""]


def _default(schema: Json) -> str:
    value = schema.get("default")
    return f"default `{value!r}`" if value not in (None, "", [], {}) else "optional"


def _name(schema: Json) -> str:
    return " or ".join(dict.fromkeys(_names(schema))) or "anything"


def _names(schema: Json) -> Iterator[str]:
    if "$ref" in schema:
        target = schema["$ref"].rpartition("/")[2]
        yield f"[{target}](#{target.lower()})"
    elif "anyOf" in schema:
        for part in schema["anyOf"]:
            yield from _names(part)
    elif "enum" in schema:
        for value in schema["enum"]:
            yield f"`{value}`"
    elif "prefixItems" in schema:  # what follows them (`items`) is nothing: false
        yield f"array of {', '.join(_name(part) for part in schema['prefixItems'])}"
    elif schema.get("type") == "array":
        yield f"array of {_name(schema.get('items', {}))}"
    elif "type" in schema:
        yield str(schema["type"])
