"""Holds every reply to docs/openapi.yaml: status, headers, content type and body."""

import re
from functools import lru_cache

import jsonschema
import yaml

from support.postgres import ROOT

DOCUMENT = ROOT / "docs" / "openapi.yaml"
METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
PROBLEM = "application/problem+json"

formats = jsonschema.FormatChecker(formats=())


@formats.checks("date-time")
def is_date_time(text):
    return not isinstance(text, str) or bool(
        re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)", text)
    )


def pointer(*parts):
    return "#/" + "/".join(str(part).replace("~", "~0").replace("/", "~1") for part in parts)


class Operation:
    def __init__(self, method, template, responses):
        self.method = method
        self.template = template
        self.responses = responses
        self.pattern = re.compile(
            "/".join(
                "[^/]+" if part.startswith("{") else re.escape(part) for part in template.split("/")
            )
        )

    def __str__(self):
        return f"{self.method} {self.template}"


class Contract:
    """The document, and what was seen of it so far in this process."""

    def __init__(self):
        self.document = yaml.load(DOCUMENT.read_text(), yaml.CSafeLoader)
        self.resolver = jsonschema.RefResolver("", self.document)
        self.operations = [
            Operation(method.upper(), template, operation["responses"])
            for template, item in self.document["paths"].items()
            for method, operation in item.items()
            if method in METHODS
        ]
        self.seen = set()
        self._validators = {}

    def operation(self, method, path):
        """The documented operation that a request means; fixed paths before those with names in."""
        found = [
            operation
            for operation in self.operations
            if operation.method == method and operation.pattern.fullmatch(path)
        ]
        return min(found, key=lambda operation: operation.template.count("{")) if found else None

    def documents_path(self, path):
        return any(operation.pattern.fullmatch(path) for operation in self.operations)

    def documented(self):
        """Every (method, template, status)."""
        return {
            (operation.method, operation.template, int(status))
            for operation in self.operations
            for status in operation.responses
        }

    def check(self, reply):
        """Fails if the reply is not one that the document allows."""
        path = reply.path.partition("?")[0]
        operation = self.operation(reply.method, path)
        if operation is None:
            # What is not in the document is answered like everything that is refused.
            expected = (405,) if self.documents_path(path) else (404,)
            assert reply.status in (
                *expected,
                400,
                413,
                431,
            ), f"undocumented route answered {reply}"
            self._check_body(reply, PROBLEM, pointer("components", "schemas", "Problem"))
            return
        key = str(reply.status)
        responses = {str(status): response for status, response in operation.responses.items()}
        assert key in responses, f"{operation} documents {sorted(responses)}, not {reply}"
        self.seen.add((operation.method, operation.template, reply.status))
        where, response = self._resolve(
            pointer(
                "paths",
                operation.template,
                operation.method.lower(),
                "responses",
                next(status for status in operation.responses if str(status) == key),
            )
        )
        self._check_headers(reply, where, response)
        content = response.get("content")
        if not content:
            assert reply.content == b"", f"{operation} documents no body, not {reply}"
            return
        media = reply.headers.get("Content-Type", "").partition(";")[0]
        assert media in content, f"{operation} {key} documents {list(content)}, not {media!r}"
        if "schema" in content[media]:
            escaped = media.replace("~", "~0").replace("/", "~1")
            self._check_body(reply, media, f"{where}/content/{escaped}/schema")

    def _resolve(self, where):
        _, value = self.resolver.resolve(where)
        while "$ref" in value:
            where = value["$ref"]
            _, value = self.resolver.resolve(where)
        return where, value

    def _check_headers(self, reply, where, response):
        for name in response.get("headers", {}):
            header_where, header = self._resolve(f"{where}/headers/{name}")
            value = reply.headers.get(name)
            if value is None:
                assert not header.get("required"), f"{reply} lacks the header {name}"
                continue
            if "schema" in header:
                if self._resolve(f"{header_where}/schema")[1].get("type") == "integer":
                    value = int(value)
                self._validate(value, f"{header_where}/schema", reply)

    def _check_body(self, reply, media, schema):
        assert (
            reply.headers.get("Content-Type", "").partition(";")[0] == media
        ), f"not {media}: {reply}"
        if media.endswith("json"):
            self._validate(reply.json, schema, reply)
            if media == PROBLEM:
                assert reply.json["status"] == reply.status, f"the body has another status: {reply}"
        else:
            self._validate(reply.content.decode(), schema, reply)

    def _validate(self, value, schema, reply):
        if schema not in self._validators:
            self._validators[schema] = jsonschema.Draft202012Validator(
                {"$ref": schema}, resolver=self.resolver, format_checker=formats
            )
        errors = [
            f"  at {'/'.join(map(str, error.absolute_path)) or 'the top'}: {error.message}"
            for error in self._validators[schema].iter_errors(value)
        ]
        assert not errors, f"{reply}\nis not what {schema} documents:\n" + "\n".join(errors)


@lru_cache(maxsize=1)
def contract():
    return Contract()
