"""The names of the conversions, as ``gw-coercions``, examples and metrics spell them.

Lossy ones appear only in lenient mode or where a contract declares them (docs/coercion.md).
"""

from __future__ import annotations

STRING_TO_NUMBER = "string-to-number"
STRING_TO_BOOLEAN = "string-to-boolean"
STRING_TO_BYTES = "string-to-bytes"
STRING_TO_TIMESTAMP = "string-to-timestamp"
STRING_TO_DATE = "string-to-date"
STRING_TO_TIME = "string-to-time"
STRING_TO_DURATION = "string-to-duration"
STRING_TO_UUID = "string-to-uuid"
INTEGRAL_FLOAT_TO_INT = "integral-float-to-int"
NUMBER_TO_BOOLEAN = "number-to-boolean"
INTEGER_TO_STRING = "integer-to-string"
BOOLEAN_TO_NUMBER = "boolean-to-number"
BOOLEAN_TO_STRING = "boolean-to-string"
NUMBER_TO_STRING = "number-to-string"
ARRAY_TO_BYTES = "array-to-bytes"
EPOCH_RESCALED = "epoch-rescaled"
DECIMAL_COMMA = "decimal-comma"
ENUM_MAPPED = "enum-mapped"
ENUM_CASE = "enum-case"
RENAMED = "renamed"
WRAPPED_IN_ARRAY = "wrapped-in-array"
UNION_TAG_REMOVED = "union-tag-removed"
JSON_STRING_PARSED = "json-string-parsed"
BOM_STRIPPED = "bom-stripped"
NUL_STRIPPED = "nul-stripped"
DEFAULT_FILLED = "default-filled"
NULL_FILLED = "null-filled"
TOKEN_TO_NULL = "token-to-null"  # noqa: S105 - a null token, not a secret
NAN_LITERAL_TO_NULL = "nan-literal-to-null"
ROUNDED = "rounded"
TRUNCATED = "truncated"
TIMEZONE_ASSUMED = "timezone-assumed"
TIMEZONE_DROPPED = "timezone-dropped"
NULL_TO_DEFAULT = "null-to-default"
UNKNOWN_DROPPED = "unknown-dropped"
UNKNOWN_CAPTURED = "unknown-captured"
DUPLICATE_DROPPED = "duplicate-dropped"
CASE_FOLDED = "case-folded"

LOSSY = frozenset(
    {
        TOKEN_TO_NULL,
        NAN_LITERAL_TO_NULL,
        ROUNDED,
        TRUNCATED,
        TIMEZONE_ASSUMED,
        TIMEZONE_DROPPED,
        NULL_TO_DEFAULT,
        UNKNOWN_DROPPED,
        DUPLICATE_DROPPED,
    },
)
"""Conversions after which the payload cannot be told from the record."""
