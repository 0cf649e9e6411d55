"""A Schema Registry for development, tests and the demo: Confluent's REST interface, in one process.

``schemas`` reads and compares schema texts, ``compatibility`` decides between versions, ``store``
holds subjects and their rules, ``http`` puts the store behind the REST interface, ``serve`` runs it
in an event loop, ``seeds`` fills it.

What it does not do is listed in docs/registry.md; it is no registry for production.
"""
