"""The small languages that people write in our files: YAML 1.2, topic filters, JSON pointers, templates.

Pure: text in, values out. A notation knows its own grammar and nothing of contracts or configuration.
"""
