"""What a registry refuses, with Confluent's HTTP status, error code and wording."""

from __future__ import annotations

from collections.abc import Iterable

from gateway.errors import GatewayError


class Refused(GatewayError):
    """A request that the registry answers with an error."""

    def __init__(self, status: int, code: int, message: str) -> None:
        self.status = status
        """HTTP status."""
        self.code = code
        """``error_code``; its first three digits are the status, except for those that are the status."""
        self.message = message
        super().__init__(f"{code}: {message}")


def subject_not_found(subject: str) -> Refused:
    """40401: no such subject, or all of it is deleted."""
    return Refused(404, 40401, f"Subject '{subject}' not found.")


def version_not_found(version: object) -> Refused:
    """40402: the subject has no such version."""
    return Refused(404, 40402, f"Version {version} not found.")


def schema_not_found(which: object = None) -> Refused:
    """40403: no schema with this ID or GUID, or none with this content under the subject."""
    return Refused(404, 40403, "Schema not found" if which is None else f"Schema {which} not found")


def subject_soft_deleted(subject: str) -> Refused:
    """40404: deleted already; only a permanent deletion is left."""
    return Refused(404, 40404, f"Subject '{subject}' was soft deleted.Set permanent=true to delete permanently")


def subject_not_soft_deleted(subject: str) -> Refused:
    """40405: a permanent deletion needs a soft one first."""
    return Refused(404, 40405, f"Subject '{subject}' was not deleted first before being permanently deleted")


def version_soft_deleted(subject: str, version: int) -> Refused:
    """40406: as 40404, for one version."""
    message = f"Subject '{subject}' Version {version} was soft deleted.Set permanent=true to delete permanently"
    return Refused(404, 40406, message)


def version_not_soft_deleted(subject: str, version: int) -> Refused:
    """40407: as 40405, for one version."""
    message = f"Subject '{subject}' Version {version} was not deleted first before being permanently deleted"
    return Refused(404, 40407, message)


def no_subject_level(subject: str) -> Refused:
    """40408: the subject follows the global level."""
    return Refused(404, 40408, f"Subject '{subject}' does not have subject-level compatibility configured")


def no_subject_mode(subject: str) -> Refused:
    """40409: the subject follows the global mode."""
    return Refused(404, 40409, f"Subject '{subject}' does not have subject-level mode configured")


def incompatible(subject: str, messages: Iterable[str]) -> Refused:
    """409: the subject's level forbids this schema (error code 409 as up to Confluent 8.1, 40901 later)."""
    details = ", ".join(messages)
    message = f'Schema being registered is incompatible with an earlier schema for subject "{subject}"'
    return Refused(409, 409, f"{message}, details: [{details}]")


def invalid_schema(kind: str, reason: object) -> Refused:
    """42201: the schema, or one that it refers to, breaks its specification."""
    return Refused(422, 42201, f"Invalid schema of type {kind}, details: {reason}")


def wrong_next_version() -> Refused:
    """42201: a registration names a version other than the next one."""
    return Refused(422, 42201, "Version is not one more than previous version")


def invalid_version(version: str) -> Refused:
    """42202: not a version number."""
    allowed = 'Allowed values are between [1, 2^31-1] and the string "latest"'
    return Refused(422, 42202, f"The specified version '{version}' is not a valid version id. {allowed}")


def invalid_level() -> Refused:
    """42203: not a compatibility level."""
    levels = "none, backward, forward, full, backward_transitive, forward_transitive, and full_transitive"
    return Refused(422, 42203, f"Invalid compatibility level. Valid values are {levels}")


def invalid_mode() -> Refused:
    """42204: not a mode."""
    return Refused(422, 42204, "Invalid mode. Valid values are READWRITE, READONLY, IMPORT and FORWARD.")


def not_permitted(message: str) -> Refused:
    """42205: the mode forbids it."""
    return Refused(422, 42205, message)


def referenced(subject: str, version: int) -> Refused:
    """42206: other schemas refer to this one."""
    key = f"{{magic=1,keytype=SCHEMA,subject={subject},version={version}}}"
    return Refused(422, 42206, f"One or more references exist to the schema {key}.")


def id_taken(schema_id: int, context: str) -> Refused:
    """42205: an import with an ID that another schema has."""
    return not_permitted(f"Overwrite new schema with id {schema_id} in context {context} is not permitted.")


def invalid_subject(subject: str) -> Refused:
    """42208: a name that no subject may have."""
    return Refused(422, 42208, f"The specified subject '{subject}' is not a valid.")
