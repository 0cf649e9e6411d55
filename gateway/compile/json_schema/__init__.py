"""JSON Schema: validation by the registered schema, coercion guided by its errors."""
