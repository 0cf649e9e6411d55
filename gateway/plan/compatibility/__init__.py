"""May a schema follow another one? Decided from the two texts alone, without a registry.

``evolution`` knows the levels and asks in the directions that they cover; ``avro`` leaves the verdict to Apache's own
package, and ``logical_types`` adds what that does not look at; ``json_schema`` decides by a list of rules
(``objections``) and says where they do not reach.
"""
